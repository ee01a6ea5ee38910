import { and, eq, gt, inArray, isNull, or, type SQL } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { jobs, matrixIdClaims, registrations, roomNotices } from './schema'

/** A message in the moderators' room about one request. `text`: what it said first; `shown`: what it says now, if known. */
export type RoomNotice = typeof roomNotices.$inferSelect

/** What a job is about to send. Where it began with another room, that was never told, and this one counts. */
export async function putRoomNotice(tx: Transaction, notice: RoomNotice): Promise<void> {
  await tx.insert(roomNotices).values(notice).onConflictDoUpdate({ target: roomNotices.job, set: notice })
}

/** What this job began to send, or has sent; null if it has not begun. */
export async function findRoomNotice(reader: Reader, job: string): Promise<RoomNotice | null> {
  const [notice] = await reader.select().from(roomNotices).where(eq(roomNotices.job, job))
  return notice ?? null
}

/** The messages about a registration. */
export async function findRoomNotices(reader: Reader, registrationId: string): Promise<RoomNotice[]> {
  return reader.select().from(roomNotices).where(eq(roomNotices.registrationId, registrationId))
}

export async function hasRoomNotice(reader: Reader, registrationId: string): Promise<boolean> {
  return (await reader.$count(roomNotices, eq(roomNotices.registrationId, registrationId))) > 0
}

/** It has this event ID, or says something else now, or other events belong to it. */
export async function updateRoomNotice(
  tx: Transaction,
  {
    job,
    ...changed
  }: Pick<RoomNotice, 'job'> &
    Partial<Pick<RoomNotice, 'eventId' | 'shown' | 'version' | 'seeds' | 'detailsId'>>,
): Promise<void> {
  await tx.update(roomNotices).set(changed).where(eq(roomNotices.job, job))
}

export async function deleteRoomNotice(tx: Transaction, job: string): Promise<void> {
  await tx.delete(roomNotices).where(eq(roomNotices.job, job))
}

/** The message with this event ID in this room, or the one in whose thread it has the details. */
export async function findNoticeByEvent(
  reader: Reader,
  room: string,
  eventId: string,
): Promise<RoomNotice | null> {
  const [notice] = await reader
    .select()
    .from(roomNotices)
    .where(
      and(
        eq(roomNotices.room, room),
        or(eq(roomNotices.eventId, eventId), eq(roomNotices.detailsId, eventId)),
      ),
    )
  return notice ?? null
}

/** A message that the homeserver has. */
export type OpenNotice = Pick<RoomNotice, 'job' | 'registrationId' | 'detailsId'> & { eventId: string }

/** The messages in this room about requests that wait. */
export const findOpenNotices = (reader: Reader, room: string): Promise<OpenNotice[]> =>
  findNoticesWhere(reader, room, eq(registrations.state, 'requested'))

/** The messages in this room about requests that wait or may wait again, of denied ones those since `deniedSince`. */
export const findUnsettledNotices = (
  reader: Reader,
  room: string,
  deniedSince: number,
): Promise<OpenNotice[]> =>
  findNoticesWhere(
    reader,
    room,
    or(
      inArray(registrations.state, ['started', 'verified', 'requested', 'approved']),
      and(eq(registrations.state, 'denied'), gt(registrations.stateSince, deniedSince)),
    ),
  )

async function findNoticesWhere(reader: Reader, room: string, where: SQL | undefined): Promise<OpenNotice[]> {
  const { job, registrationId, eventId, detailsId } = roomNotices
  const rows = await reader
    .select({ job, registrationId, eventId, detailsId })
    .from(roomNotices)
    .innerJoin(registrations, eq(registrations.id, roomNotices.registrationId))
    .where(and(eq(roomNotices.room, room), where))
  return rows.flatMap(({ eventId, ...row }) => (eventId === null ? [] : [{ ...row, eventId }]))
}

/** Whether a message that can be answered is on its way to this room, and perhaps there without our knowing its ID. */
export async function isSending(reader: Reader, room: string, now: number): Promise<boolean> {
  const underWay = inArray(jobs.state, ['waiting', 'running'])
  const [notice] = await reader
    .select({ job: roomNotices.job })
    .from(roomNotices)
    .innerJoin(jobs, eq(jobs.id, roomNotices.job))
    .where(and(eq(roomNotices.room, room), isNull(roomNotices.eventId), underWay))
    .limit(1)
  const [claim] = await reader
    .select({ job: matrixIdClaims.job })
    .from(matrixIdClaims)
    .innerJoin(jobs, eq(jobs.id, matrixIdClaims.job))
    .where(
      and(isNull(matrixIdClaims.eventId), gt(matrixIdClaims.expiresAt, now), underWay, gt(jobs.attempts, 0)),
    )
    .limit(1)
  return notice !== undefined || claim !== undefined
}
