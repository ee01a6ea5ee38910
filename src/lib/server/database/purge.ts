import type { Database, Transaction } from './open'

/** So many rows go in a few milliseconds. */
const SLICE = 500

/**
 * Deletes what may be very much, a slice in a transaction of its own, so that nobody waits for all of it.
 * `deleteSome` deletes at most `limit` rows and answers how many.
 */
export async function purge(
  database: Database,
  deleteSome: (transaction: Transaction, limit: number) => Promise<number>,
): Promise<void> {
  while ((await database.write((tx) => deleteSome(tx, SLICE))) === SLICE);
}
