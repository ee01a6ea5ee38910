import { and, eq, gt, lte, or, sql } from 'drizzle-orm'
import type { EventKind } from '$lib/registration/registration'
import { eventsOf } from './events-of'
import type { Transaction } from './open'
import { perConnection } from './prepared-query'
import { events, eventSurplus } from './schema'
import { DAY, HOUR } from '$lib/registration/time'

/** How many are written individually from the first of them on, until `windowMs` have passed. */
interface Sample {
  count: number
  windowMs: number
}

/** Events without a registration: anonymous ones, and those about one moderator. */
const SAMPLES: Partial<Record<EventKind, { nobody: Sample; moderator: Sample }>> = {
  sign_in_failed: { nobody: { count: 20, windowMs: DAY }, moderator: { count: 10, windowMs: HOUR } },
  access_refused: { nobody: { count: 20, windowMs: DAY }, moderator: { count: 20, windowMs: HOUR } },
  job_done: { nobody: { count: 200, windowMs: DAY }, moderator: { count: 200, windowMs: DAY } },
  job_failed: { nobody: { count: 200, windowMs: DAY }, moderator: { count: 200, windowMs: DAY } },
}

/** Events that an applicant can repeat; how many of each kind are written per registration. */
const REPEATED: readonly EventKind[] = [
  'started_again',
  'link_asked',
  'name_lost',
  'name_chosen',
  'account_claimed',
  'account_locked',
]
const OF_REGISTRATION = 20

/** What an event is about. */
export interface About {
  kind: EventKind
  registrationId: string | null
  moderatorId: string | null
}

/** An event that says how many more there were. */
export interface SurplusEvent extends About {
  detail: { more: number }
}

/**
 * Whether to write an event individually. Events that anybody can cause at will are, up to a limit; from then on they
 * are counted. `surplus`: what was counted before, to be written as one event first.
 */
export async function takeRoom(
  tx: Transaction,
  about: About,
  now: number,
): Promise<{ hasRoom: boolean; surplus: SurplusEvent[] }> {
  const { kind, registrationId, moderatorId } = about
  if (registrationId !== null) {
    if (!REPEATED.includes(kind)) return ROOM
    const its = await itsEvents(tx).all({ registrationId, kind })
    if (its.length < OF_REGISTRATION) return ROOM
    await count(tx, kind, registrationId, now)
    return NO_ROOM
  }
  const sample = SAMPLES[kind]?.[moderatorId === null ? 'nobody' : 'moderator']
  if (sample === undefined) return ROOM
  const subject = moderatorId ?? ''
  const key = and(eq(eventSurplus.kind, kind), eq(eventSurplus.subject, subject))
  const [row] = await tx.select().from(eventSurplus).where(key)
  // A clock that was set back starts a new window.
  if (row === undefined || now < row.since || now - row.since >= sample.windowMs) {
    const begun = { since: now, written: 1, more: 0 }
    await tx
      .insert(eventSurplus)
      .values({ kind, subject, ...begun })
      .onConflictDoUpdate({ target: [eventSurplus.kind, eventSurplus.subject], set: begun })
    return { hasRoom: true, surplus: row === undefined ? [] : surplusOf(row) }
  }
  if (row.written >= sample.count) {
    await count(tx, kind, subject, now)
    return NO_ROOM
  }
  await tx
    .update(eventSurplus)
    .set({ written: row.written + 1 })
    .where(key)
  return ROOM
}

const itsEvents = perConnection((tx: Transaction) =>
  tx
    .select({ seq: events.seq })
    .from(events)
    .where(eventsOf(sql.placeholder('registrationId'), sql.placeholder('kind')))
    .limit(OF_REGISTRATION)
    .prepare(),
)

const ROOM = { hasRoom: true, surplus: [] }
const NO_ROOM = { hasRoom: false, surplus: [] }

async function count(tx: Transaction, kind: EventKind, subject: string, now: number): Promise<void> {
  await tx
    .insert(eventSurplus)
    .values({ kind, subject, since: now, written: 0, more: 1 })
    .onConflictDoUpdate({
      target: [eventSurplus.kind, eventSurplus.subject],
      set: { more: sql`${eventSurplus.more} + 1` },
    })
}

type Surplus = typeof eventSurplus.$inferSelect

function surplusOf({ kind, subject, more }: Surplus): SurplusEvent[] {
  if (more === 0) return []
  const isOfRegistration = REPEATED.includes(kind)
  return [
    {
      kind,
      registrationId: isOfRegistration ? subject : null,
      moderatorId: isOfRegistration || subject === '' ? null : subject,
      detail: { more },
    },
  ]
}

/**
 * The surplus of each since the last time, to be written; deletes finished windows: at most so many `rows`.
 */
export async function takeSurplus(
  tx: Transaction,
  now: number,
  limit: number,
): Promise<{ rows: number; surplus: SurplusEvent[] }> {
  const isOver = or(lte(eventSurplus.since, now - DAY), gt(eventSurplus.since, now))
  const rows = await tx
    .select()
    .from(eventSurplus)
    .where(or(gt(eventSurplus.more, 0), isOver))
    .limit(limit)
  for (const row of rows) {
    const key = and(eq(eventSurplus.kind, row.kind), eq(eventSurplus.subject, row.subject))
    await tx.update(eventSurplus).set({ more: 0 }).where(key)
    await tx.delete(eventSurplus).where(and(key, isOver))
  }
  return { rows: rows.length, surplus: rows.flatMap(surplusOf) }
}
