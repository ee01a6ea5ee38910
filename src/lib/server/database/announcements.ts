import { desc, eq } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { announcements } from './schema'

/** Records that something was announced; false if it had been before. */
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

/** Changes the text of an existing announcement. */
export async function announceAnew(tx: Transaction, key: string, text: string): Promise<void> {
  await tx.update(announcements).set({ text }).where(eq(announcements.key, key))
}

/** Records that something is announced again now; false if it is too early, judging by the last time. */
export async function announceAfter(
  tx: Transaction,
  key: string,
  now: number,
  isDue: (last: number) => boolean,
): Promise<boolean> {
  const [said] = await tx.select().from(announcements).where(eq(announcements.key, key))
  if (said !== undefined && !isDue(said.at)) return false
  await tx
    .insert(announcements)
    .values({ key, text: '', at: now })
    .onConflictDoUpdate({ target: announcements.key, set: { at: now } })
  return true
}

export async function findAnnouncements(reader: Reader) {
  return reader.select().from(announcements).orderBy(desc(announcements.at))
}

/** So that it is announced again when it happens again. */
export async function forgetAnnouncement(tx: Transaction, key: string): Promise<void> {
  await tx.delete(announcements).where(eq(announcements.key, key))
}
