import { and, desc, eq, inArray, lte, sql } from 'drizzle-orm'
import type { MemoryKind } from '$lib/moderation/memory'
import type { Reader, Transaction } from './open'
import { memories } from './schema'

export type MemoryRow = Omit<typeof memories.$inferInsert, 'seq'>

export async function insertMemories(tx: Transaction, rows: MemoryRow[]): Promise<void> {
  await tx.insert(memories).values(rows)
}

/** What is stored under any of these hashes, the latest first. */
export async function findMemories(
  reader: Reader,
  { kind, hashes }: { kind: MemoryKind; hashes: string[] },
  limit: number,
): Promise<{ denial: string; category: string | null }[]> {
  return reader
    .select({ denial: memories.denial, category: memories.category })
    .from(memories)
    .where(and(eq(memories.kind, kind), inArray(memories.hash, hashes)))
    .orderBy(desc(memories.seq))
    .limit(limit)
}

/** How many denials are stored under the hashes of each, of a hash no more than `limit`; those without are left out. */
export async function countDenials(
  reader: Reader,
  wanted: { of: string; kind: MemoryKind; hash: string }[],
  limit: number,
): Promise<Map<string, number>> {
  const rows = await reader.all<{ of: string; count: number }>(sql`
    select w.value ->> 'of' as 'of', count(distinct m.denial) as count
    from json_each(${JSON.stringify(wanted)}) w
    cross join ${memories} m on m.seq in (
      select seq from ${memories} own
      where own.kind = w.value ->> 'kind' and own.hash = w.value ->> 'hash'
      order by seq desc limit ${limit})
    group by 1`)
  return new Map(rows.map(({ of, count }) => [of, count]))
}

/** Deletes what is due by a time; returns how many rows. */
export async function deleteMemories(tx: Transaction, until: number, limit: number): Promise<number> {
  const old = tx
    .select({ seq: memories.seq })
    .from(memories)
    .where(lte(memories.forgetAt, until))
    .limit(limit)
  const { rowsAffected } = await tx.delete(memories).where(inArray(memories.seq, old))
  return rowsAffected
}
