import { and, count, desc, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { attempts } from './schema'

/** The time of the try that is the `nth` newest of a key, if it was after `since`; null where there are fewer. */
export async function findNthNewestAttempt(
  reader: Reader,
  key: string,
  since: number,
  nth: number,
): Promise<number | null> {
  const [row] = await reader
    .select({ at: attempts.at })
    .from(attempts)
    .where(and(eq(attempts.key, key), gt(attempts.at, since)))
    .orderBy(desc(attempts.at))
    .limit(1)
    .offset(nth - 1)
  return row?.at ?? null
}

export async function insertAttempts(tx: Transaction, keys: string[], at: number): Promise<void> {
  await tx.insert(attempts).values(keys.map((key) => ({ key, at })))
}

/** How many tries of a key there were in each of so many steps up to `now`, the newest first. */
export async function countAttempts(
  reader: Reader,
  key: string,
  now: number,
  stepMs: number,
  steps: number,
): Promise<number[]> {
  // A clock that was set back leaves tries that are still to come: they are of now.
  const step = sql<number>`cast(max(0, ${now} - ${attempts.at}) / ${stepMs} as integer)`.mapWith(Number)
  const rows = await reader
    .select({ step, count: count() })
    .from(attempts)
    .where(and(eq(attempts.key, key), gt(attempts.at, now - stepMs * steps)))
    .groupBy(sql`1`)
  const counts = new Map(rows.map((row) => [row.step, row.count]))
  return Array.from({ length: steps }, (_, index) => counts.get(index) ?? 0)
}

/** Deletes every try of a key, and answers when they were. */
export async function deleteAttempts(tx: Transaction, key: string): Promise<number[]> {
  const rows = await tx.delete(attempts).where(eq(attempts.key, key)).returning({ at: attempts.at })
  return rows.map((row) => row.at)
}

/** Deletes one try of that moment; those of one key and moment are all alike. */
export async function deleteOneAttempt(tx: Transaction, key: string, at: number): Promise<void> {
  const one = tx
    .select({ seq: attempts.seq })
    .from(attempts)
    .where(and(eq(attempts.key, key), eq(attempts.at, at)))
    .limit(1)
  await tx.delete(attempts).where(inArray(attempts.seq, one))
}

/** Deletes at most so many tries of that time and before; answers how many. */
export async function deleteAttemptsUntil(tx: Transaction, at: number, limit: number): Promise<number> {
  const old = tx.select({ seq: attempts.seq }).from(attempts).where(lte(attempts.at, at)).limit(limit)
  const { rowsAffected } = await tx.delete(attempts).where(inArray(attempts.seq, old))
  return rowsAffected
}
