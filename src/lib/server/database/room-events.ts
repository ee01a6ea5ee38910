import { and, eq, exists, gt, inArray, notInArray, sql } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { registrations, roomEvents, roomNotices } from './schema'

/** An event of the moderators' room that was dealt with. `key`: what it asked for, as long as that can be taken back. */
export type SeenEvent = typeof roomEvents.$inferSelect

/** The key of an event whose sender was told that they may not decide. */
const TOLD = 'told'
/** The key of a reaction by which somebody took a request. */
const TAKE = 'take'

export async function findSeenEvent(reader: Reader, eventId: string): Promise<SeenEvent | null> {
  const [row] = await reader.select().from(roomEvents).where(eq(roomEvents.eventId, eventId))
  return row ?? null
}

/** The event, if what it asked for can be taken back. */
export async function findAskingEvent(reader: Reader, eventId: string): Promise<SeenEvent | null> {
  const seen = await findSeenEvent(reader, eventId)
  return seen === null || seen.key === null || seen.key === TOLD ? null : seen
}

/** Which of these events were dealt with. */
export async function findSeenIds(reader: Reader, eventIds: string[]): Promise<Set<string>> {
  const rows = await reader
    .select({ eventId: roomEvents.eventId })
    .from(roomEvents)
    .where(inArray(roomEvents.eventId, eventIds))
  return new Set(rows.map(({ eventId }) => eventId))
}

/** What somebody asked for under this message, and has not taken back; null: nothing of this kind. */
export async function findAsked(
  reader: Reader,
  { sender, target, key }: { sender: string; target: string; key: string },
): Promise<SeenEvent | null> {
  const { sender: by, target: under, key: wish } = roomEvents
  const [row] = await reader
    .select()
    .from(roomEvents)
    .where(and(eq(under, target), eq(by, sender), eq(wish, key)))
  return row ?? null
}

/** The events under this message by which something was asked that can be taken back. */
export async function findAsking(reader: Reader, target: string): Promise<SeenEvent[]> {
  const rows = await reader.select().from(roomEvents).where(eq(roomEvents.target, target))
  return rows.filter(({ key }) => key !== null && key !== TOLD)
}

/** The events by which decisions were made on requests that this room was told of, as long as those can be undone. */
export async function findDecidingEvents(reader: Reader, room: string, now: number): Promise<string[]> {
  const { eventId, registrationId, key, at } = roomEvents
  const isThere = and(eq(roomNotices.registrationId, registrationId), eq(roomNotices.room, room))
  const rows = await reader
    .select({ eventId })
    .from(roomEvents)
    .innerJoin(registrations, eq(registrations.id, registrationId))
    .where(
      and(
        inArray(registrations.state, ['approved', 'denied']),
        gt(sql`${registrations.stateSince} + ${registrations.restMs}`, now),
        eq(at, registrations.stateSince),
        notInArray(key, [TAKE, TOLD]),
        exists(reader.select({ job: roomNotices.job }).from(roomNotices).where(isThere)),
      ),
    )
  return rows.map((row) => row.eventId)
}

export async function putSeenEvent(tx: Transaction, event: SeenEvent): Promise<void> {
  await tx.insert(roomEvents).values(event).onConflictDoNothing()
}

/** Its sender may not decide; `told`: and is told so. */
export async function putStrangersEvent(
  tx: Transaction,
  event: Omit<SeenEvent, 'key'>,
  told: boolean,
): Promise<void> {
  await putSeenEvent(tx, { ...event, key: told ? TOLD : null })
}

/** What it asked for was taken back, or cannot be any more. */
export async function settleSeenEvent(tx: Transaction, eventId: string): Promise<void> {
  await tx.update(roomEvents).set({ key: null }).where(eq(roomEvents.eventId, eventId))
}

/** How often anybody was told since a time that they may not decide, and whether this person ever was. */
export async function countTold(
  reader: Reader,
  { sender, since }: { sender: string; since: number },
): Promise<{ lately: number; before: boolean }> {
  const told = eq(roomEvents.key, TOLD)
  return {
    lately: await reader.$count(roomEvents, and(told, gt(roomEvents.at, since))),
    before: (await reader.$count(roomEvents, and(told, eq(roomEvents.sender, sender)))) > 0,
  }
}
