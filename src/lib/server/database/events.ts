import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lt,
  notExists,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { Actor, AuditEvent, EventKind } from '$lib/registration/registration'
import { eventsOf } from './events-of'
import { takeRoom, takeSurplus, type SurplusEvent } from './event-sampling'
import type { Reader, Transaction } from './open'
import { asStored, perConnection, placeholders } from './prepared-query'
import { events, historyBoundary, moderators, registrations } from './schema'
import { fieldOf } from './stored-json'

type NewEvent = typeof events.$inferInsert

/** The one place that writes to the audit log: a lint rule refuses any other (scripts/audit-log-only.js). */
async function append(tx: Transaction, rows: NewEvent[]): Promise<void> {
  for (const row of rows) await eventInsert(tx).run(asStored(COLUMNS, { ...NO_EVENT, ...row }))
}

const { seq: _seq, ...COLUMNS } = getTableColumns(events)
const NO_EVENT = { registrationId: null, moderatorId: null, detail: null }

const eventInsert = perConnection((tx: Transaction) =>
  tx.insert(events).values(placeholders(COLUMNS)).prepare(),
)

/**
 * Writes what happened to a registration (or to none: `null`) to the audit log, and who did it; events that anybody can
 * cause at will only up to a limit (`takeRoom`). `now`: milliseconds since 1970.
 */
export async function insertEvents(
  tx: Transaction,
  registrationId: string | null,
  happened: AuditEvent[],
  actor: Actor,
  now: number,
): Promise<void> {
  const moderatorId = actor.kind === 'moderator' ? actor.id : null
  const where =
    actor.kind === 'moderator' && actor.roomEvent !== undefined ? { room_event: actor.roomEvent } : null
  const rows: NewEvent[] = []
  for (const { kind, detail } of happened) {
    const { hasRoom, surplus } = await takeRoom(tx, { kind, registrationId, moderatorId }, now)
    rows.push(...surplus.map((event) => surplusRow(event, now)))
    const more = where === null ? (detail ?? null) : { ...detail, ...where }
    if (hasRoom) rows.push({ registrationId, at: now, kind, actor: actor.kind, moderatorId, detail: more })
  }
  await append(tx, rows)
}

/** Writes how many events there were beyond the limits since the last time; returns how many rows it settled. */
export async function settleSurplus(tx: Transaction, now: number, limit: number): Promise<number> {
  const { rows, surplus } = await takeSurplus(tx, now, limit)
  await append(
    tx,
    surplus.map((event) => surplusRow(event, now)),
  )
  return rows
}

const surplusRow = (event: SurplusEvent, now: number): NewEvent => ({
  ...event,
  at: now,
  actor: event.moderatorId === null ? 'system' : 'moderator',
})

/** The time of the latest event, in milliseconds since 1970; null if there is none. */
export async function lastEventAt(reader: Reader): Promise<number | null> {
  const [row] = await reader.select({ at: events.at }).from(events).orderBy(desc(events.seq)).limit(1)
  return row?.at ?? null
}

/** The latest events without a registration, the latest first. */
export async function findNewestEvents(reader: Reader, limit: number) {
  return reader
    .select()
    .from(events)
    .where(isNull(events.registrationId))
    .orderBy(desc(events.seq))
    .limit(limit)
}

/** Who was invited as a moderator from another program: the `from` of the events. */
export async function findInvitedFrom(reader: Reader): Promise<string[]> {
  const from = fieldOf(events.detail, 'from')
  const rows = await reader
    .select({ from })
    .from(events)
    .where(and(isNull(events.registrationId), eq(events.kind, 'moderator_invited'), isNotNull(from)))
  return rows.map((row) => String(row.from))
}

/** The number of the latest event; 0 if there is none. */
export async function lastEventSeq(reader: Reader): Promise<number> {
  const [row] = await reader.select({ seq: events.seq }).from(events).orderBy(desc(events.seq)).limit(1)
  return row?.seq ?? 0
}

/** When something last happened to a registration, `where` that holds, in milliseconds since 1970; null if it never did. */
export async function lastEventOf(
  reader: Reader,
  registrationId: string,
  kind: EventKind,
  where?: SQL,
): Promise<number | null> {
  const [row] = await reader
    .select({ at: events.at })
    .from(events)
    .where(and(eventsOf(registrationId, kind), where))
    .orderBy(desc(events.seq))
    .limit(1)
  return row?.at ?? null
}

/** Whether an applicant has set the password since their registration was approved at that time (milliseconds since 1970). */
export const hasSetPassword = async (
  reader: Reader,
  { id, stateSince }: { id: string; stateSince: number },
): Promise<boolean> => ((await lastEventOf(reader, id, 'password_set')) ?? -Infinity) >= stateSince

/** When a decision on a registration was last undone elsewhere than in the moderators' room; null if it never was. */
export const lastUndoneOnPages = (reader: Reader, registrationId: string): Promise<number | null> =>
  lastEventOf(reader, registrationId, 'undone', isNull(fieldOf(events.detail, 'room_event')))

/**
 * When a registration reached the state that it has since `stateSince`, in milliseconds since 1970. If it was imported
 * in that state, the time from before; null if that is unknown.
 */
export async function findReachedAt(
  reader: Reader,
  registrationId: string,
  stateSince: number,
): Promise<number | null> {
  const [imported] = await importedAt(reader).all({ registrationId, stateSince })
  if (imported === undefined) return stateSince
  return imported.reachedAt === null ? null : Number(imported.reachedAt)
}

/** Since when an imported registration has its state; events of before 2026-12 happened at that time themselves. */
const importedSince = sql<number>`coalesce(${fieldOf(events.detail, 'stateSince')}, ${events.at})`

const importedAt = perConnection((reader: Reader) =>
  reader
    .select({ reachedAt: fieldOf(events.detail, 'reachedAt') })
    .from(events)
    .where(
      and(
        eventsOf(sql.placeholder('registrationId'), 'imported'),
        eq(importedSince, sql.placeholder('stateSince')),
      ),
    )
    .limit(1)
    .prepare(),
)

/**
 * When the request of a registration was last sent, in milliseconds since 1970: for an imported one, since when it
 * waits. Null if neither is known.
 */
export async function findRequestedAt(reader: Reader, registrationId: string): Promise<number | null> {
  const [row] = await reader
    .select({ at: sql<number>`iif(${events.kind} = 'imported', ${importedSince}, ${events.at})` })
    .from(events)
    .where(and(eq(events.registrationId, registrationId), inArray(events.kind, ['requested', 'imported'])))
    .orderBy(desc(events.seq))
    .limit(1)
  return row?.at ?? null
}

/** The activity of a registration, oldest first, with moderators' usernames. */
export async function findEvents(reader: Reader, registrationId: string) {
  return reader
    .select({ ...getTableColumns(events), moderator: moderators.username })
    .from(events)
    .leftJoin(moderators, eq(moderators.id, events.moderatorId))
    .where(eq(events.registrationId, registrationId))
    .orderBy(asc(events.seq))
}

/** The minimum age at which the triggers on the audit log allow deletion, by the database's own clock. */
const YOUNGEST = sql<number>`(strftime('%s', 'now') - 2592000) * 1000`

/**
 * Deletes at most so many events from before a time; returns how many. Those of the last 30 days, and those of
 * existing registrations, always stay.
 */
export async function deleteOldEvents(tx: Transaction, before: number, limit: number): Promise<number> {
  const boundary = sql<number>`min(${before}, ${YOUNGEST})`
  await tx.update(historyBoundary).set({ before: boundary }).where(lt(historyBoundary.before, boundary))
  const own = tx
    .select({ id: registrations.id })
    .from(registrations)
    .where(eq(registrations.id, events.registrationId))
  const old = tx
    .select({ seq: events.seq })
    .from(events)
    .where(and(lt(events.at, boundary), notExists(own)))
    .limit(limit)
  const { rowsAffected } = await tx.delete(events).where(inArray(events.seq, old))
  return rowsAffected
}
