import { isDayOver } from '$lib/moderation/notices'
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

/** True if nothing was announced under this key within the last 24 hours; then it counts as announced now. */
export async function announceDaily(tx: Transaction, key: string, now: number): Promise<boolean> {
  const [said] = await tx.select().from(announcements).where(eq(announcements.key, key))
  if (said !== undefined && !isDayOver(said.at, now)) return false
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
