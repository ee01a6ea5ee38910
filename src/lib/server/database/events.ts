import { and, asc, desc, eq, getTableColumns, isNull } from 'drizzle-orm'
import type { Actor, AuditEvent, EventKind } from '$lib/registration/registration'
import type { Reader, Transaction } from './open'
import { events, moderators } from './schema'

/** Writes what happened to a registration (or to none: `null`) into the audit trail. */
export async function insertEvents(
  tx: Transaction,
  registrationId: string | null,
  happened: AuditEvent[],
  actor: Actor,
  now: number,
): Promise<void> {
  if (happened.length === 0) return
  const moderatorId = actor.kind === 'moderator' ? actor.id : null
  await tx.insert(events).values(
    happened.map(({ kind, detail }) => ({
      registrationId,
      at: now,
      kind,
      actor: actor.kind,
      moderatorId,
      detail: detail ?? null,
    })),
  )
}

/** When the newest event was, in milliseconds since 1970; null where there is none. */
export async function lastEventAt(reader: Reader): Promise<number | null> {
  const [row] = await reader.select({ at: events.at }).from(events).orderBy(desc(events.seq)).limit(1)
  return row?.at ?? null
}

/** What happened last and concerns no registration, the newest first. */
export async function findNewestEvents(reader: Reader, limit: number) {
  return reader
    .select()
    .from(events)
    .where(isNull(events.registrationId))
    .orderBy(desc(events.seq))
    .limit(limit)
}

/** The number of the newest event; 0 where there is none. */
export async function lastEventSeq(reader: Reader): Promise<number> {
  const [row] = await reader.select({ seq: events.seq }).from(events).orderBy(desc(events.seq)).limit(1)
  return row?.seq ?? 0
}

/** When something last happened to a registration, in milliseconds since 1970; null where it never did. */
export async function lastEventOf(
  reader: Reader,
  registrationId: string,
  kind: EventKind,
): Promise<number | null> {
  const [row] = await reader
    .select({ at: events.at })
    .from(events)
    .where(and(eq(events.registrationId, registrationId), eq(events.kind, kind)))
    .orderBy(desc(events.seq))
    .limit(1)
  return row?.at ?? null
}

/** The history of a registration, oldest first, with the names of moderators. */
export async function findEvents(reader: Reader, registrationId: string) {
  return reader
    .select({ ...getTableColumns(events), moderator: moderators.username })
    .from(events)
    .leftJoin(moderators, eq(moderators.id, events.moderatorId))
    .where(eq(events.registrationId, registrationId))
    .orderBy(asc(events.seq))
}
