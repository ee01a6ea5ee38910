import { and, eq, inArray, sum } from 'drizzle-orm'
import {
  NOTHING_SAID,
  openingRecordSchema,
  type OpeningCounts,
  type OpeningRecord,
} from '$lib/moderation/opening'
import type { Reader, Transaction } from './open'
import { queueCounts, tallies } from './schema'
import { findSetting, putSetting } from './settings'

const KEY = 'opening'

/** If it cannot be read, there is no override: the limits count, and new requests wait for a moderator. */
export const findOpeningRecord = (reader: Reader): Promise<OpeningRecord> =>
  findSetting(reader, KEY, openingRecordSchema, { unset: NOTHING_SAID, otherwise: NOTHING_SAID })

export const putOpeningRecord = (tx: Transaction, record: OpeningRecord, now: number): Promise<void> =>
  putSetting(tx, KEY, record, now)

/** Both are maintained by triggers: nothing is counted here. */
export async function findOpeningCounts(reader: Reader, now: number): Promise<OpeningCounts> {
  const [waiting] = await reader
    .select({ count: sum(queueCounts.count) })
    .from(queueCounts)
    .where(inArray(queueCounts.queue, ['waiting', 'answered']))
  const day = new Date(now).toISOString().slice(0, 10)
  const [today] = await reader
    .select({ count: tallies.count })
    .from(tallies)
    .where(and(eq(tallies.day, day), eq(tallies.what, 'event:requested')))
  return { waiting: Number(waiting?.count ?? 0), today: today?.count ?? 0 }
}
