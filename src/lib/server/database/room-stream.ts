import { eq } from 'drizzle-orm'
import * as v from 'valibot'
import type { Reader, Transaction } from './open'
import { settings } from './schema'
import { findSetting, putSetting } from './settings'

const STREAM = 'room_stream'
const LISTENER = 'room_listener'
/** No lease is longer, in milliseconds. */
export const LONGEST_LEASE_MS = 120_000

/** Up to where the moderators' room was read. */
export interface StreamPosition {
  /** The room's ID. */
  room: string
  /** The homeserver's token. */
  since: string
}

const positionSchema = v.nullable(v.object({ room: v.string(), since: v.string() }))
const leaseSchema = v.nullable(v.object({ owner: v.string(), until: v.number() }))
const NONE = { unset: null, otherwise: null }

/** Null: it was never read. */
export const findStreamPosition = (reader: Reader): Promise<StreamPosition | null> =>
  findSetting<StreamPosition | null>(reader, STREAM, positionSchema, NONE)

export const putStreamPosition = (tx: Transaction, position: StreamPosition, now: number): Promise<void> =>
  putSetting(tx, STREAM, position, now)

/** Only one process reads the room. True: it is this one, until a time (milliseconds since 1970). */
export async function leaseRoom(
  tx: Transaction,
  { owner, now, until }: { owner: string; now: number; until: number },
): Promise<boolean> {
  if (!(await isRoomFree(tx, owner, now))) return false
  await putSetting(tx, LISTENER, { owner, until }, now)
  return true
}

/** Whether no other process reads the room. */
export async function isRoomFree(reader: Reader, owner: string, now: number): Promise<boolean> {
  const lease = await findSetting<{ owner: string; until: number } | null>(
    reader,
    LISTENER,
    leaseSchema,
    NONE,
  )
  if (lease === null || lease.owner === owner) return true
  // One that ends too late was written while the clock was wrong.
  return lease.until <= now || lease.until > now + LONGEST_LEASE_MS
}

/** Nobody reads the room here any more: what happens there until somebody does again never counts. */
export async function forgetStream(tx: Transaction): Promise<void> {
  await tx.delete(settings).where(eq(settings.key, STREAM))
}

/** Lets another process go on at once. */
export async function releaseRoom(tx: Transaction, owner: string, now: number): Promise<void> {
  if (await isRoomFree(tx, owner, now)) await putSetting(tx, LISTENER, { owner, until: 0 }, now)
}
