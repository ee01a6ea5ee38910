import { and, desc, eq, exists, inArray, sql, type SQL } from 'drizzle-orm'
import type { QueueFilter } from '$lib/moderation/queue-filter'
import { nearTo } from '$lib/registration/likeness'
import type { Queue } from '$lib/registration/state'
import { filterInTurns } from '../concurrency/yield-to-event-loop'
import type { Reader } from './open'
import { reasonPrints, registrations } from './schema'

/** More than these have something in common only in an attack, and then the latest are enough. */
const ALIKE = 500
/** How many undecided ones are compared with a reason. */
const COMPARED = 5_000

const { id, seq, queue, reason, nameKey, addressKey } = registrations
const { print, registrationId } = reasonPrints

/**
 * Registrations that have a username, an inbox or a reason in common; null if not asked for. `queues`: in these,
 * however many others there are; null: in any.
 */
export async function findIdsAlike(
  reader: Reader,
  { name, address, like }: QueueFilter,
  queues: Queue[] | null,
): Promise<string[] | null> {
  // The plus keeps SQLite from using the queue's index, which covers far more rows than share anything.
  const among = queues === null ? undefined : sql`+${inArray(queue, queues)}`
  const newest = (where: SQL) =>
    reader
      .select({ id })
      .from(registrations)
      .where(and(where, among))
      .orderBy(desc(sql`+${seq}`))
      .limit(ALIKE)
  const asked = [
    name === undefined ? null : newest(eq(nameKey, name)),
    address === undefined ? null : newest(eq(addressKey, address)),
    like === undefined ? null : findNearly(reader, like, queues),
  ].filter((query) => query !== null)
  if (asked.length === 0) return null
  let alike: string[] | null = null
  for (const query of asked) {
    const found = new Set((await query).map((row) => row.id))
    alike = alike === null ? [...found] : alike.filter((one) => found.has(one))
  }
  return alike
}

/** Those whose reason is nearly the same as that of one, including itself if it is in these queues. */
async function findNearly(reader: Reader, one: string, queues: Queue[] | null): Promise<{ id: string }[]> {
  const [own] = await reader.select({ reason }).from(registrations).where(eq(id, one))
  const isOpen = queues !== null && !queues.includes('decided')
  const sharing = isOpen ? sharingIn(reader, one, queues) : sharingAny(reader, one)
  const rows = await reader.select({ id, reason }).from(sharing).innerJoin(registrations, eq(id, sharing.id))
  const isNear = nearTo(own?.reason ?? '')
  return filterInTurns(rows, (row) => row.id === one || isNear(row.reason ?? ''))
}

const printsOf = (reader: Reader, one: string) =>
  reader.select({ print }).from(reasonPrints).where(eq(registrationId, one))

const sharingAny = (reader: Reader, one: string) =>
  reader
    .selectDistinct({ id: registrationId })
    .from(reasonPrints)
    .where(inArray(print, printsOf(reader, one)))
    .limit(ALIKE)
    .as('sharing')

/**
 * Waiting requests are few, and decided ones with the same text may be very many: the search starts from the former.
 */
function sharingIn(reader: Reader, one: string, queues: Queue[]) {
  const open = reader
    .select({ id })
    .from(registrations)
    .where(inArray(queue, queues))
    .limit(COMPARED)
    .as('open')
  const shares = reader
    .select({ one: sql`1` })
    .from(reasonPrints)
    .where(and(eq(registrationId, open.id), inArray(print, printsOf(reader, one))))
  return reader.select({ id: open.id }).from(open).where(exists(shares)).limit(ALIKE).as('sharing')
}
