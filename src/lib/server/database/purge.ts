import type { Database, Transaction } from './open'

/** This many rows are deleted in a few milliseconds. */
const SLICE = 500

/**
 * Deletes what may be a lot in batches, each in its own transaction, so that nobody waits for all of it. `deleteSome`
 * deletes at most `limit` rows and returns how many.
 */
export async function purge(
  database: Database,
  deleteSome: (transaction: Transaction, limit: number) => Promise<number>,
): Promise<void> {
  while ((await database.write((tx) => deleteSome(tx, SLICE))) === SLICE);
}
