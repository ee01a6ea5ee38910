import { and, desc, eq, inArray, lte } from 'drizzle-orm'
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
