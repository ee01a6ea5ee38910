import { and, asc, desc, eq, gt, inArray, lte, sql, sum } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { attempts } from './schema'

/** How many attempts of a key have their own row within a window. */
const SINGLE = 32
/** Beyond that, the window is divided into so many parts, and attempts within one part share the first one's row. */
const PARTS = 64

/** The time of the `nth` latest attempt of a key, if it was after `since`; null if there are fewer. */
export async function findNthNewestAttempt(
  reader: Reader,
  key: string,
  since: number,
  nth: number,
): Promise<number | null> {
  const rows = await reader
    .select({ at: attempts.at, count: attempts.count })
    .from(attempts)
    .where(and(eq(attempts.key, key), gt(attempts.at, since)))
    .orderBy(desc(attempts.at))
    .limit(nth)
  let counted = 0
  return rows.find((row) => (counted += row.count) >= nth)?.at ?? null
}

/**
 * Counts one attempt per key. However many there are, a key has at most some hundred rows per window: from `SINGLE`
 * on, an attempt within a part of the window (`PARTS`) after another one is counted at that one's time, and so is
 * forgotten that much earlier.
 */
export async function insertAttempts(
  tx: Transaction,
  tries: { key: string; windowMs: number }[],
  at: number,
): Promise<void> {
  const single: (typeof attempts.$inferInsert)[] = []
  for (const { key, windowMs } of tries) {
    const recent = await tx
      .select({ seq: attempts.seq, at: attempts.at })
      .from(attempts)
      .where(and(eq(attempts.key, key), gt(attempts.at, at - windowMs), lte(attempts.at, at)))
      .orderBy(desc(attempts.at))
      .limit(SINGLE)
    const [newest] = recent
    if (newest === undefined || recent.length < SINGLE || newest.at <= at - windowMs / PARTS)
      single.push({ key, at })
    else
      await tx
        .update(attempts)
        .set({ count: sql`${attempts.count} + 1` })
        .where(eq(attempts.seq, newest.seq))
  }
  if (single.length > 0) await tx.insert(attempts).values(single)
}

/** How many attempts of a key there were per step up to `now`, the latest first. */
export async function countAttempts(
  reader: Reader,
  key: string,
  now: number,
  stepMs: number,
  steps: number,
): Promise<number[]> {
  // A clock that was set back leaves attempts in the future: they count as now.
  const step = sql<number>`cast(max(0, ${now} - ${attempts.at}) / ${stepMs} as integer)`.mapWith(Number)
  const rows = await reader
    .select({ step, count: sum(attempts.count).mapWith(Number) })
    .from(attempts)
    .where(and(eq(attempts.key, key), gt(attempts.at, now - stepMs * steps)))
    .groupBy(sql`1`)
  const counts = new Map(rows.map((row) => [row.step, row.count]))
  return Array.from({ length: steps }, (_, index) => counts.get(index) ?? 0)
}

/** Deletes every attempt of a key, and returns their times. */
export async function deleteAttempts(tx: Transaction, key: string): Promise<number[]> {
  const rows = await tx
    .delete(attempts)
    .where(eq(attempts.key, key))
    .returning({ at: attempts.at, count: attempts.count })
  return rows.flatMap(({ at, count }) => Array.from({ length: count }, () => at))
}

/** Deletes one attempt at that moment, or the nearest to it. */
export async function deleteOneAttempt(tx: Transaction, key: string, at: number): Promise<void> {
  const nearest = tx
    .select({ seq: attempts.seq })
    .from(attempts)
    .where(eq(attempts.key, key))
    .orderBy(asc(sql`abs(${attempts.at} - ${at})`))
    .limit(1)
  const one = inArray(attempts.seq, nearest)
  await tx
    .update(attempts)
    .set({ count: sql`${attempts.count} - 1` })
    .where(one)
  await tx.delete(attempts).where(and(eq(attempts.key, key), lte(attempts.count, 0)))
}

/** Deletes at most so many rows up to that time; returns how many. */
export async function deleteAttemptsUntil(tx: Transaction, at: number, limit: number): Promise<number> {
  const old = tx.select({ seq: attempts.seq }).from(attempts).where(lte(attempts.at, at)).limit(limit)
  const { rowsAffected } = await tx.delete(attempts).where(inArray(attempts.seq, old))
  return rowsAffected
}
