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

/** Changes the words of what was said, where it stands. */
export async function announceAnew(tx: Transaction, key: string, text: string): Promise<void> {
  await tx.update(announcements).set({ text }).where(eq(announcements.key, key))
}

/** Notes that something is said again now; false when that need not be yet, by the time it was said last. */
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

/** So that it is said again when it happens again. */
export async function forgetAnnouncement(tx: Transaction, key: string): Promise<void> {
  await tx.delete(announcements).where(eq(announcements.key, key))
}
