import { and, asc, desc, eq, gt, gte, inArray, lt, lte, notInArray, or, sql, type SQL } from 'drizzle-orm'
import type { HistoryQuery } from '$lib/moderation/history'
import { EVENT_KINDS } from '$lib/registration/registration'
import type { Reader } from './open'
import { events, moderators, registrations } from './schema'
import { DAY } from '$lib/registration/time'

/**
 * A page of the audit log, latest first; `before` is the `seq` of the last event on the previous page. Each is found
 * through one index: even with a million events, no page may read more than it shows, as far as the filter allows.
 */
export async function findHistory(reader: Reader, query: HistoryQuery, before: number | null, limit: number) {
  const bounds = await findBounds(reader, query)
  if (bounds === null) return []
  const found = sql`(${sql.join(
    branches(query).map(
      (branch) => sql`select * from (select ${events.seq} from ${events}
        where ${and(branch, bounds, before === null ? undefined : lt(events.seq, before), exactly(query)) ?? sql`true`}
        order by ${events.seq} desc limit ${limit})`,
    ),
    sql` union all `,
  )})`
  return reader
    .select({
      seq: events.seq,
      at: events.at,
      kind: events.kind,
      actor: events.actor,
      moderatorId: events.moderatorId,
      moderator: moderators.username,
      registrationId: events.registrationId,
      username: registrations.username,
      detail: events.detail,
    })
    .from(events)
    .leftJoin(moderators, eq(moderators.id, events.moderatorId))
    .leftJoin(registrations, eq(registrations.id, events.registrationId))
    .where(inArray(events.seq, found))
    .orderBy(desc(events.seq))
    .limit(limit)
}

/** Conditions that use an index: each kind separately, because only then do they come in order. */
function branches({ registrationId, moderatorId, kinds, own }: HistoryQuery): (SQL | undefined)[] {
  if (registrationId !== null) return [eq(events.registrationId, registrationId)]
  if (moderatorId !== null) return [eq(events.moderatorId, moderatorId)]
  if (own === null) return kinds === null ? [undefined] : kinds.map((kind) => eq(events.kind, kind))
  const wished = kinds ?? EVENT_KINDS
  const mine = wished.filter((kind) => own.kinds.includes(kind))
  return [
    ...wished.filter((kind) => !mine.includes(kind)).map((kind) => eq(events.kind, kind)),
    ...(mine.length === 0
      ? []
      : [and(eq(events.moderatorId, own.moderatorId), inArray(sql`+${events.kind}`, mine))]),
  ]
}

/** The whole filter again, with a `+` that keeps the database from choosing another index for it. */
function exactly({ actor, moderatorId, kinds, from, until, own }: HistoryQuery): SQL | undefined {
  return and(
    actor === null
      ? undefined
      : actor === 'people'
        ? sql`+${events.actor} <> 'system'`
        : eq(events.actor, actor),
    moderatorId === null ? undefined : sql`+${events.moderatorId} = ${moderatorId}`,
    kinds === null ? undefined : inArray(sql`+${events.kind}`, kinds),
    from === null ? undefined : sql`+${events.at} >= ${from}`,
    until === null ? undefined : sql`+${events.at} < ${until}`,
    own === null
      ? undefined
      : or(notInArray(sql`+${events.kind}`, own.kinds), sql`+${events.moderatorId} = ${own.moderatorId}`),
  )
}

/**
 * The events between which a time lies, so that the log is not read completely; null if there are none. With a margin
 * of a day on each side, because a clock may have been set back.
 */
async function findBounds(reader: Reader, { from, until }: HistoryQuery): Promise<SQL | undefined | null> {
  const seq = { seq: events.seq }
  const bounds: SQL[] = []
  if (from !== null) {
    const early = gte(events.at, from - DAY)
    const [first] = await reader.select(seq).from(events).where(early).orderBy(asc(events.at)).limit(1)
    if (first === undefined) return null
    bounds.push(gt(events.seq, first.seq - 1))
  }
  if (until !== null) {
    const late = lt(events.at, until + DAY)
    const [last] = await reader.select(seq).from(events).where(late).orderBy(desc(events.at)).limit(1)
    if (last === undefined) return null
    bounds.push(lte(events.seq, last.seq))
  }
  return and(...bounds)
}
