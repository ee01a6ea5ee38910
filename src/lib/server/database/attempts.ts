import { and, asc, eq, gt, inArray, lte, or, sql, sum } from 'drizzle-orm'
import { LONGEST_AHEAD_MS } from '$lib/registration/time'
import type { Reader, Transaction } from './open'
import { perConnection } from './prepared-query'
import { attempts } from './schema'

/** How many attempts of a key have their own row within a window. */
const SINGLE = 32
/** Beyond that, the window is divided into so many parts, and attempts within one part share the first one's row. */
const PARTS = 64

/** A key within a window, and which of its latest attempts is asked for; Infinity: none. */
export interface Asked {
  key: string
  windowMs: number
  nth: number
}

/** What is known of a key within its window. */
export interface Standing {
  key: string
  /** The time of the `nth` latest attempt; null if there are fewer. */
  nthAt: number | null
  /** The row that another attempt shares; null if it gets one of its own. */
  sharedSeq: number | null
}

/** The rows of a key within its window, as it stands in the list of keys. */
const since = sql`"key" = asked.value ->> 'key' and "at" > asked.value ->> 'since'`
const within = sql`${since} and "at" <= asked.value ->> 'latest'`
const upToNow = sql`${since} and "at" <= asked.value ->> 'now'`
const single = sql.raw(String(SINGLE))

const standings = perConnection((reader: Reader) =>
  reader
    .select({
      key: sql<string>`asked.value ->> 'key'`,
      nthAt: sql<number | null>`(select case when sum("count") >= asked.value ->> 'nth' then (
        select max("at") from (
          select "at", sum("count") over (order by "at" desc, "seq" desc rows unbounded preceding) as upto
          from attempts where ${within})
        where upto >= asked.value ->> 'nth') end
        from attempts where ${within})`,
      sharedSeq: sql<number | null>`case when
        (select count(*) from (select 1 from attempts where ${upToNow} limit ${single})) = ${single}
        then (select "seq" from attempts where ${upToNow} and "at" > asked.value ->> 'part' order by "at" desc limit 1)
        end`,
    })
    .from(sql`json_each(${sql.placeholder('asked')}) asked`)
    .orderBy(sql`asked.key`)
    .prepare(),
)

/** What is known of each of these keys, in their order. */
export async function findStandings(reader: Reader, asked: Asked[], now: number): Promise<Standing[]> {
  const list = asked.map(({ key, windowMs, nth }) => {
    const times = {
      since: now - windowMs,
      part: now - windowMs / PARTS,
      now,
      // What is further ahead was counted while the clock was wrong.
      latest: now + Math.min(windowMs, LONGEST_AHEAD_MS),
    }
    // JSON has no Infinity: it becomes null, which no count reaches.
    return { key, ...times, nth }
  })
  return standings(reader).all({ asked: JSON.stringify(list) })
}

/**
 * Counts one attempt per key, as they stand. However many there are, a key has at most some hundred rows per window: from
 * `SINGLE` on, an attempt within a part of the window (`PARTS`) after another one is counted at that one's time, and so
 * is forgotten that much earlier.
 */
export async function insertAttempts(tx: Transaction, standing: Standing[], at: number): Promise<void> {
  const shared: number[] = []
  const own: string[] = []
  for (const { key, sharedSeq } of standing)
    if (sharedSeq === null) own.push(key)
    else shared.push(sharedSeq)
  if (shared.length > 0) await attemptShare(tx).run({ shared: JSON.stringify(shared) })
  if (own.length > 0) await attemptInsert(tx).run({ own: JSON.stringify(own), at })
}

const attemptShare = perConnection((tx: Transaction) =>
  tx
    .update(attempts)
    .set({ count: sql`${attempts.count} + 1` })
    .where(sql`${attempts.seq} in (select value from json_each(${sql.placeholder('shared')}))`)
    .prepare(),
)
const attemptInsert = perConnection((tx: Transaction) =>
  tx
    .insert(attempts)
    .select(sql`select null, value, ${sql.placeholder('at')}, 1 from json_each(${sql.placeholder('own')})`)
    .prepare(),
)

/** How many attempts of a key there were per step up to `now`, the latest first. */
export async function countAttempts(
  reader: Reader,
  key: string,
  now: number,
  stepMs: number,
  steps: number,
): Promise<number[]> {
  // A clock that was set back leaves attempts in the future: those that count do as now.
  const step = sql<number>`cast(max(0, ${now} - ${attempts.at}) / ${stepMs} as integer)`.mapWith(Number)
  const rows = await reader
    .select({ step, count: sum(attempts.count).mapWith(Number) })
    .from(attempts)
    .where(
      and(
        eq(attempts.key, key),
        gt(attempts.at, now - stepMs * steps),
        lte(attempts.at, now + LONGEST_AHEAD_MS),
      ),
    )
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

/** Deletes at most so many rows up to a time, or further ahead of now than any counts; returns how many. */
export async function deleteAttemptsUntil(
  tx: Transaction,
  at: number,
  now: number,
  limit: number,
): Promise<number> {
  const over = or(lte(attempts.at, at), gt(attempts.at, now + LONGEST_AHEAD_MS))
  const old = tx.select({ seq: attempts.seq }).from(attempts).where(over).limit(limit)
  const { rowsAffected } = await tx.delete(attempts).where(inArray(attempts.seq, old))
  return rowsAffected
}
