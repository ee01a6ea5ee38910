import { and, gte, lte, sql } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { tallies } from './schema'

export type Tally = typeof tallies.$inferSelect

/** Adds to the existing counts. */
export async function addTallies(tx: Transaction, counted: Tally[]): Promise<void> {
  if (counted.length === 0) return
  await tx
    .insert(tallies)
    .values(counted)
    .onConflictDoUpdate({
      target: [tallies.day, tallies.what],
      set: { count: sql`${tallies.count} + excluded.count` },
    })
}

/** All counts from one day to another, both included. */
export async function findTallies(reader: Reader, from: string, to: string): Promise<Tally[]> {
  return reader
    .select()
    .from(tallies)
    .where(and(gte(tallies.day, from), lte(tallies.day, to)))
}
