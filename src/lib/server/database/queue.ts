import { and, asc, desc, eq, gt, gte, inArray, lt, not, sql, type SQL } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { isOldestFirst, type QueueFilter, type Tab } from '$lib/moderation/queue-filter'
import { searchTerms } from '$lib/moderation/search-words'
import { parseDomain } from '$lib/registration/email'
import { QUEUES, type Queue } from '$lib/registration/state'
import { readCursor, writeCursor, type Cursor } from './cursor'
import { findIdsAlike } from './similar'
import { authorName } from './moderators'
import { findLooks } from './presence'
import type { Reader } from './open'
import { IN_TROUBLE, ON_PROBATION } from './registrations'
import { invitations, moderators, queueCounts, registrations } from './schema'
import { DAY } from '$lib/registration/time'

/** One page of a list; `next`: where the next one starts, or null. A short page may have a next one. */
export interface QueuePage {
  ids: string[]
  next: string | null
}

/** The queues of a tab; null: it does not depend on the queue. */
const QUEUES_OF: Record<Tab, readonly (Queue | null)[]> = {
  waiting: ['answered', 'waiting'],
  asked: ['asked'],
  probation: [null],
  trouble: [null],
  decided: ['decided'],
  all: QUEUES,
}
/** What a tab that does not depend on the queue shows. Each condition has an index of its own. */
const CONDITION_OF: Partial<Record<Tab, SQL>> = { probation: ON_PROBATION, trouble: IN_TROUBLE }
/** The same, or null for a tab that includes all of them. */
const queuesOf = (tab: Tab): Queue[] | null =>
  tab === 'all' || CONDITION_OF[tab] !== undefined ? null : QUEUES_OF[tab].filter((one) => one !== null)

/** The maximum number of rows examined for conditions without an index. */
const SCAN = 1000

const { id, seq, queue, queueAt } = registrations

/**
 * One page of a list: found by an index alone, or among a bounded number of rows, so that it takes as long with a
 * million registrations as with a thousand. `moderatorId`: who `filter.moderator` is.
 */
export async function findPage(
  reader: Reader,
  filter: QueueFilter,
  moderatorId: string | null,
  limit: number,
): Promise<QueuePage> {
  const match = matchOf(filter)
  if (match !== null) return findByWords(reader, filter, match, moderatorId, limit)
  const oldestFirst = isOldestFirst(filter)
  const alike = await findIdsAlike(reader, filter, queuesOf(filter.tab))
  const { indexed, others } = conditions(filter, moderatorId)
  const lists = []
  for (const one of QUEUES_OF[filter.tab]) {
    const inQueue =
      one === null ? CONDITION_OF[filter.tab] : alike === null ? eq(queue, one) : sql`+${queue} = ${one}`
    const within = and(inQueue, inPeriod(filter, one), beyond(filter, oldestFirst))
    const where = alike === null ? and(within, indexed) : and(within, inArray(id, alike), indexed, ...others)
    lists.push(await scan(reader, where, alike === null ? others : [], oldestFirst, limit + 1))
  }
  const before = (a: Cursor, b: Cursor) =>
    (a.at === b.at ? a.id < b.id : a.at < b.at) === oldestFirst && a.id !== b.id
  // What follows the last examined row is unknown.
  const horizon = lists
    .flatMap(({ end }) => (end === null ? [] : [end]))
    .reduce<Cursor | null>((nearest, end) => (nearest === null || before(end, nearest) ? end : nearest), null)
  const rows = lists
    .flatMap((list) => list.rows)
    .filter((row) => horizon === null || !before(horizon, row))
    .sort((a, b) => (before(a, b) ? -1 : 1))
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? (page.at(-1) ?? null) : horizon
  return { ids: page.map((row) => row.id), next: last === null ? null : writeCursor(last) }
}

/**
 * The rows that meet all conditions, in order; `others` have no index, and are checked for a bounded number of rows:
 * `end` is the last of these if there may be more after it.
 */
async function scan(
  reader: Reader,
  where: SQL | undefined,
  others: SQL[],
  oldestFirst: boolean,
  limit: number,
): Promise<{ rows: Cursor[]; end: Cursor | null }> {
  const order = oldestFirst ? [asc(queueAt), asc(id)] : [desc(queueAt), desc(id)]
  const place = { at: sql<number>`${queueAt}`.as('at'), id }
  if (others.length === 0) {
    const rows = await reader
      .select(place)
      .from(registrations)
      .where(where)
      .orderBy(...order)
      .limit(limit)
    return { rows, end: null }
  }
  const meets = sql<number>`${and(...others)}`.as('meets')
  const looked = reader
    .select({ ...place, meets })
    .from(registrations)
    .where(where)
    .orderBy(...order)
    .limit(SCAN)
    .as('looked')
  const rows = await reader
    .select({ at: looked.at, id: looked.id })
    .from(looked)
    .where(eq(looked.meets, 1))
    .limit(limit)
  if (rows.length === limit) return { rows, end: null }
  const [end = null] = await reader
    .select({ at: looked.at, id: looked.id })
    .from(looked)
    .limit(1)
    .offset(SCAN - 1)
  return { rows, end }
}

/** A filter's conditions on a row. `indexed`: of those with an index, the most selective one. */
function conditions(
  { q, invitation, network, domain, language, marked }: QueueFilter,
  moderatorId: string | null,
): { indexed: SQL | undefined; others: SQL[] } {
  const [indexed, ...others] = [
    invitation === undefined ? null : eq(registrations.invitationId, invitation),
    network === undefined ? null : eq(registrations.network, network),
    domain === undefined ? null : eq(registrations.domain, domain),
    moderatorId === null ? null : eq(registrations.decidedBy, moderatorId),
    language === undefined ? null : eq(registrations.language, language),
  ].filter((condition) => condition !== null)
  if (marked !== undefined) others.push(marked === 'yes' ? MARKED : not(MARKED))
  for (const sign of searchTerms(q ?? '').signs) others.push(sql`instr(${SEARCHED}, ${sign}) > 0`)
  return { indexed, others }
}

/** A rule or something else flags it. */
const MARKED = sql`(${registrations.heldBy} is not null or ${registrations.heldFor} <> '[]')`

/** The texts that searches are about, for what the index of words does not have. */
const SEARCHED = sql`${registrations.username} || ' ' || ${registrations.email} || ' ' || coalesce(${registrations.reason}, '')`

/** Days are UTC, and both are included. */
function inPeriod({ from, to }: QueueFilter, one: Queue | null): SQL | undefined {
  const shift = one === 'answered' ? ANSWERED_FIRST : 0
  return and(
    from === undefined ? undefined : gte(queueAt, Date.parse(from) - shift),
    to === undefined ? undefined : lt(queueAt, Date.parse(to) + DAY - shift),
  )
}
/** Like the column's own rule in the schema. */
const ANSWERED_FIRST = 10_000_000_000_000

function beyond({ after }: QueueFilter, oldestFirst: boolean): SQL | undefined {
  const place = readCursor(after)
  if (place === null) return undefined
  return oldestFirst
    ? sql`(${queueAt}, ${id}) > (${place.at}, ${place.id})`
    : sql`(${queueAt}, ${id}) < (${place.at}, ${place.id})`
}

/** The search words in FTS5 syntax: all of them, by prefix. Null if there are none. */
function matchOf({ q, tab }: QueueFilter): string | null {
  const { words } = searchTerms(q ?? '')
  if (words.length === 0) return null
  const asked = words.map((word) => `{username email reason} : (${spellings(word).map(phrase).join(' OR ')})`)
  const queues = queuesOf(tab) === null ? [] : [`queue : (${QUEUES_OF[tab].join(' OR ')})`]
  return [...asked, ...queues].join(' AND ')
}

const phrase = (word: string) => `"${word.replaceAll('"', '""')}" *`

/** As it was typed; of an internationalized domain also as it stands in email addresses. */
function spellings(word: string): string[] {
  const domain = word.includes('.') ? parseDomain(word.replace(/^@/, '')) : null
  return domain === null || domain === word ? [word] : [word, domain]
}

/** Search results are ordered by start. */
async function findByWords(
  reader: Reader,
  filter: QueueFilter,
  match: string,
  moderatorId: string | null,
  limit: number,
): Promise<QueuePage> {
  const oldestFirst = isOldestFirst(filter)
  const last = /^\d+$/.test(filter.after ?? '') ? Number(filter.after) : null
  const rowid = sql.raw('search.rowid')
  const { stateSince } = registrations
  const alike = await findIdsAlike(reader, filter, queuesOf(filter.tab))
  const { indexed, others } = conditions(filter, moderatorId)
  const condition = CONDITION_OF[filter.tab]
  const where = and(
    sql`search match ${match}`,
    last === null ? undefined : oldestFirst ? gt(rowid, last) : lt(rowid, last),
    ...[indexed, ...others].map((one) => one && sql`+(${one})`),
    condition === undefined ? undefined : sql`+(${condition})`,
    filter.from === undefined ? undefined : sql`+(${gte(stateSince, Date.parse(filter.from))})`,
    filter.to === undefined ? undefined : sql`+(${lt(stateSince, Date.parse(filter.to) + DAY)})`,
    alike === null ? undefined : inArray(id, alike),
  )
  // A cross join keeps the order of its tables: first the words, then their rows.
  const rows = await reader.all<{ id: string; seq: number }>(sql`
    select ${id} as id, ${seq} as seq from search cross join registrations on ${seq} = ${rowid}
    where ${where} order by ${oldestFirst ? asc(rowid) : desc(rowid)} limit ${limit + 1}`)
  const page = rows.slice(0, limit)
  return {
    ids: page.map((row) => row.id),
    next: rows.length > limit ? String(page.at(-1)?.seq) : null,
  }
}

/** The neighbors of a registration in a list; null at the ends. */
export async function findNeighbours(
  reader: Reader,
  filter: QueueFilter,
  moderatorId: string | null,
  of: string,
): Promise<{ before: string | null; after: string | null }> {
  const [row] = await reader
    .select({ at: sql<number>`${queueAt}`, seq })
    .from(registrations)
    .where(eq(id, of))
  if (row === undefined) return { before: null, after: null }
  const searching = matchOf(filter) !== null
  const place = searching ? String(row.seq) : writeCursor({ at: row.at, id: of })
  const oldestFirst = isOldestFirst(filter)
  const one = async (sort: 'oldest' | 'newest') =>
    (await findPage(reader, { ...filter, sort, after: place }, moderatorId, 1)).ids[0] ?? null
  return {
    before: await one(oldestFirst ? 'newest' : 'oldest'),
    after: await one(oldestFirst ? 'oldest' : 'newest'),
  }
}

/** The number of registrations per tab; `trouble` and `probation` up to a thousand and one. */
export async function countTabs(reader: Reader): Promise<Record<Tab, number>> {
  const rows = await reader.select().from(queueCounts)
  const of = (...names: (Queue | null)[]) =>
    rows.reduce((sum, row) => (names.includes(row.queue) ? sum + row.count : sum), 0)
  const serving = reader.select({ id }).from(registrations).where(ON_PROBATION).limit(1001).as('serving')
  const some = reader.select({ id }).from(registrations).where(IN_TROUBLE).limit(1001).as('some')
  return {
    waiting: of(...QUEUES_OF.waiting),
    asked: of(...QUEUES_OF.asked),
    probation: await reader.$count(serving),
    trouble: await reader.$count(some),
    decided: of(...QUEUES_OF.decided),
    all: of(...QUEUES_OF.all),
  }
}

/** The columns that a list shows, or that its rows depend on. */
const LISTED = {
  id,
  version: registrations.version,
  username: registrations.username,
  email: registrations.email,
  reason: registrations.reason,
  language: registrations.language,
  clientAddress: registrations.clientAddress,
  state: registrations.state,
  startedAt: registrations.startedAt,
  stateSince: registrations.stateSince,
  exchange: registrations.exchange,
  category: registrations.category,
  heldBy: registrations.heldBy,
  heldFor: registrations.heldFor,
  invitationId: registrations.invitationId,
}

/** What a list shows of these registrations, in order; anyone who viewed since `lookedSince` counts as viewing now. */
export async function findListed(reader: Reader, ids: string[], lookedSince: number) {
  if (ids.length === 0) return []
  const decider = alias(moderators, 'decider')
  const claimer = alias(moderators, 'claimer')
  const inviter = alias(moderators, 'inviter')
  const rows = await reader
    .select({
      ...LISTED,
      trouble: sql`${IN_TROUBLE}`.mapWith(Boolean),
      decidedBy: authorName(registrations.decidedBy, decider),
      claimedBy: registrations.claimedBy,
      claimedAt: registrations.claimedAt,
      claimerName: claimer.username,
      inviterName: authorName(invitations.madeBy, inviter),
      invitationNote: invitations.note,
    })
    .from(registrations)
    .leftJoin(decider, eq(decider.id, registrations.decidedBy))
    .leftJoin(claimer, eq(claimer.id, registrations.claimedBy))
    .leftJoin(invitations, eq(invitations.id, registrations.invitationId))
    .leftJoin(inviter, eq(inviter.id, invitations.madeBy))
    .where(inArray(id, ids))
  const looking = await findLooks(reader, ids, lookedSince)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((one) => {
    const row = byId.get(one)
    return row === undefined
      ? []
      : [
          {
            ...row,
            trouble: row.trouble && row.state !== 'started',
            looking: looking.filter((look) => look.registrationId === one),
          },
        ]
  })
}
