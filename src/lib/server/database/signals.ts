import { and, desc, eq, inArray, like, ne, notExists, sql, type SQL } from 'drizzle-orm'
import type { Registration } from '$lib/registration/registration'
import type { Queue, State } from '$lib/registration/state'
import type { Reader } from './open'
import { reasonPrints, registrations } from './schema'

/** Counting stops here: what a million registrations share costs the same as what a thousand do. */
const COUNT_LIMIT = 1_000
/** How many decided ones are examined for their outcome: unlike a count, that reads each row. */
const DECIDED_LIMIT = 200
/** How many reasons are compared word by word. */
const COMPARED = 200

/** How many; `more`: at least this many. */
export interface Count {
  count: number
  more: boolean
}

const bounded = (rows: number): Count => ({ count: Math.min(rows, COUNT_LIMIT), more: rows > COUNT_LIMIT })

/** Outcomes of registrations that share something. `newest`: only this many of the decided ones, there are more. */
export interface Tally {
  waiting: Count
  approved: number
  denied: number
  newest: number | null
}

const WAITING: Queue[] = ['waiting', 'answered', 'asked']
const APPROVED: State[] = ['approved', 'completed']

/** Counts those of a domain or a network except one, by its index and the queue. */
export async function tallyOf(
  reader: Reader,
  by: { domain: string } | { network: string },
  except: string,
): Promise<Tally> {
  const shared = 'domain' in by ? eq(registrations.domain, by.domain) : eq(registrations.network, by.network)
  const others = and(shared, ne(registrations.id, except))
  let waiting = 0
  for (const queue of WAITING) waiting += await countUpTo(reader, and(others, eq(registrations.queue, queue)))
  const newest = await reader
    .select({ state: registrations.state })
    .from(registrations)
    .where(and(others, eq(registrations.queue, 'decided')))
    .orderBy(desc(registrations.queueAt), desc(registrations.id))
    .limit(DECIDED_LIMIT + 1)
  const looked = newest.slice(0, DECIDED_LIMIT)
  const sum = (of: State[]) => looked.filter(({ state }) => of.includes(state)).length
  return {
    waiting: bounded(waiting),
    approved: sum(APPROVED),
    denied: sum(['denied']),
    newest: newest.length > DECIDED_LIMIT ? DECIDED_LIMIT : null,
  }
}

async function countUpTo(reader: Reader, where: SQL | undefined): Promise<number> {
  const some = reader
    .select({ one: sql`1`.as('one') })
    .from(registrations)
    .where(where)
    .limit(COUNT_LIMIT + 1)
    .as('some')
  const [row] = await reader.select({ count: sql<number>`count(*)` }).from(some)
  return row?.count ?? 0
}

/** Another registration, as a signal names it. */
export type Other = Pick<Registration, 'id' | 'username' | 'email' | 'state' | 'stateSince'>

/** Others that share something: how many, and the latest few of those examined. */
export interface Others extends Count {
  some: Other[]
}

const { id, username, email, state, stateSince, reason } = registrations
const other = { id, username, email, state, stateSince }

/** Those of one inbox, or with lookalike usernames, except one. */
export async function findAlike(
  reader: Reader,
  by: { addressKey: string } | { nameKey: string },
  except: string,
  limit: number,
): Promise<Others> {
  const shared =
    'nameKey' in by ? eq(registrations.nameKey, by.nameKey) : eq(registrations.addressKey, by.addressKey)
  const others = and(shared, ne(id, except))
  const looked = reader
    .select(other)
    .from(registrations)
    .where(others)
    .limit(COUNT_LIMIT + 1)
    .as('looked')
  const some = await reader
    .select()
    .from(looked)
    .orderBy(desc(looked.stateSince), desc(looked.id))
    .limit(limit)
  return { ...bounded(await countUpTo(reader, others)), some }
}

/** Those with the same reason: they share the first part of the fingerprint. */
export async function findSameReason(reader: Reader, registrationId: string, limit: number): Promise<Others> {
  const same = reader
    .select({ id: reasonPrints.registrationId })
    .from(reasonPrints)
    .where(and(inArray(reasonPrints.print, ownPrints(reader, registrationId, '=%')), not(registrationId)))
    .limit(COUNT_LIMIT + 1)
    .as('same')
  const [row] = await reader.select({ count: sql<number>`count(*)` }).from(same)
  const some = await reader
    .select(other)
    .from(registrations)
    .innerJoin(same, eq(same.id, id))
    .orderBy(desc(stateSince), desc(id))
    .limit(limit)
  return { ...bounded(row?.count ?? 0), some }
}

/** Those whose reason may be nearly, but not exactly, the same; `more`: there are more than were found. */
export async function findNearReason(
  reader: Reader,
  registrationId: string,
): Promise<{ found: (Other & { reason: string })[]; more: boolean }> {
  const just = reader
    .select({ one: sql`1` })
    .from(reasonPrints)
    .where(
      and(
        eq(reasonPrints.registrationId, id),
        inArray(reasonPrints.print, ownPrints(reader, registrationId, '=%')),
      ),
    )
  const bands = ownPrints(reader, registrationId, null)
  const looked = reader
    .selectDistinct({ id: reasonPrints.registrationId })
    .from(reasonPrints)
    .where(and(inArray(reasonPrints.print, bands), not(registrationId)))
    .limit(COUNT_LIMIT)
    .as('looked')
  const rows = await reader
    .select({ ...other, reason })
    .from(looked)
    .innerJoin(registrations, eq(looked.id, id))
    .where(notExists(just))
    .limit(COMPARED + 1)
  const found = rows
    .slice(0, COMPARED)
    .flatMap((row) => (row.reason === null ? [] : [{ ...row, reason: row.reason }]))
  return { found, more: rows.length > COMPARED }
}

const not = (registrationId: string): SQL => ne(reasonPrints.registrationId, registrationId)

function ownPrints(reader: Reader, registrationId: string, which: string | null) {
  return reader
    .select({ print: reasonPrints.print })
    .from(reasonPrints)
    .where(
      and(
        eq(reasonPrints.registrationId, registrationId),
        which === null ? undefined : like(reasonPrints.print, which),
      ),
    )
}
