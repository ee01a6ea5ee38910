import { asc, eq, getTableColumns, sql } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { moderators, replies } from './schema'

export type ReplyRow = typeof replies.$inferSelect

/** All of them by title, with the usernames of their last editors. */
export async function findReplies(reader: Reader) {
  return reader
    .select({ ...getTableColumns(replies), moderator: moderators.username })
    .from(replies)
    .leftJoin(moderators, eq(moderators.id, replies.changedBy))
    .orderBy(asc(sql`${replies.title} collate nocase`), asc(replies.id))
}

export async function findReply(reader: Reader, id: string): Promise<ReplyRow | null> {
  const [row] = await reader.select().from(replies).where(eq(replies.id, id))
  return row ?? null
}

export async function insertReply(tx: Transaction, row: ReplyRow): Promise<void> {
  await tx.insert(replies).values(row)
}

export async function updateReply(tx: Transaction, { id, ...row }: ReplyRow): Promise<void> {
  await tx.update(replies).set(row).where(eq(replies.id, id))
}

export async function deleteReply(tx: Transaction, id: string): Promise<void> {
  await tx.delete(replies).where(eq(replies.id, id))
}
