import { desc, eq } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { announcements } from './schema'

/** Notes that something was said; false when it had been said before. */
export async function announceOnce(
  tx: Transaction,
  key: string,
  text: string,
  now: number,
): Promise<boolean> {
  const added = await tx
    .insert(announcements)
    .values({ key, text, at: now })
    .onConflictDoNothing()
    .returning({ key: announcements.key })
  return added.length > 0
}

export async function findAnnouncements(reader: Reader) {
  return reader.select().from(announcements).orderBy(desc(announcements.at))
}

/** So that it is said again when it happens again. */
export async function forgetAnnouncement(tx: Transaction, key: string): Promise<void> {
  await tx.delete(announcements).where(eq(announcements.key, key))
}
