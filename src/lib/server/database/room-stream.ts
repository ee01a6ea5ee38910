import * as v from 'valibot'
import type { Reader, Transaction } from './open'
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

/** In place of a position: nothing was decided in the room, and so nobody read it. */
const CLOSED = 'closed'

const positionSchema = v.nullable(
  v.union([v.literal(CLOSED), v.object({ room: v.string(), since: v.string() })]),
)
const leaseSchema = v.nullable(v.object({ owner: v.string(), until: v.number() }))
const NONE = { unset: null, otherwise: null }

/** Null: it was never read. `closed`: what was done there until now never counts. */
export const findStreamPosition = (reader: Reader): Promise<StreamPosition | typeof CLOSED | null> =>
  findSetting<StreamPosition | typeof CLOSED | null>(reader, STREAM, positionSchema, NONE)

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

/** Nothing is decided in the room: what is done there until somebody reads it again never counts. */
export const closeStream = (tx: Transaction, now: number): Promise<void> =>
  putSetting(tx, STREAM, CLOSED, now)

/** Lets another process go on at once. */
export async function releaseRoom(tx: Transaction, owner: string, now: number): Promise<void> {
  if (await isRoomFree(tx, owner, now)) await putSetting(tx, LISTENER, { owner, until: 0 }, now)
}
