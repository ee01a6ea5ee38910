import { and, eq, inArray, sql, sum } from 'drizzle-orm'
import {
  NOTHING_SAID,
  openingRecordSchema,
  type OpeningCounts,
  type OpeningRecord,
} from '$lib/moderation/opening'
import type { Reader, Transaction } from './open'
import { perConnection } from './prepared-query'
import { queueCounts, tallies } from './schema'
import { findSetting, putSetting } from './settings'

const KEY = 'opening'

/** If it cannot be read, there is no override: the limits count, and new requests wait for a moderator. */
export const findOpeningRecord = (reader: Reader): Promise<OpeningRecord> =>
  findSetting(reader, KEY, openingRecordSchema, { unset: NOTHING_SAID, otherwise: NOTHING_SAID })

export const putOpeningRecord = (tx: Transaction, record: OpeningRecord, now: number): Promise<void> =>
  putSetting(tx, KEY, record, now)

const counts = perConnection((reader: Reader) =>
  reader
    .select({
      waiting: sum(queueCounts.count),
      today: sql<number | null>`(select ${tallies.count} from ${tallies}
        where ${and(eq(tallies.day, sql.placeholder('day')), eq(tallies.what, 'event:requested'))})`,
    })
    .from(queueCounts)
    .where(inArray(queueCounts.queue, ['waiting', 'answered']))
    .prepare(),
)

/** Both are maintained by triggers: nothing is counted here. */
export async function findOpeningCounts(reader: Reader, now: number): Promise<OpeningCounts> {
  const [found] = await counts(reader).all({ day: new Date(now).toISOString().slice(0, 10) })
  return { waiting: Number(found?.waiting ?? 0), today: found?.today ?? 0 }
}
