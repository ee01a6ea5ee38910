import { and, asc, count, eq, inArray, isNotNull, isNull, min } from 'drizzle-orm'
import type { NoticesWish } from '$lib/moderation/notices'
import type { ModeratorRow } from './moderators'
import type { Reader, Transaction } from './open'
import { perConnection } from './prepared-query'
import { moderators, registrations } from './schema'

/** Moderators who may get email at all, by username. */
export async function findHearers(reader: Reader): Promise<ModeratorRow[]> {
  return hearers(reader).all()
}

const hearers = perConnection((reader: Reader) =>
  reader
    .select()
    .from(moderators)
    .where(and(isNull(moderators.disabledAt), isNotNull(moderators.emailConfirmedAt)))
    .orderBy(asc(moderators.username))
    .prepare(),
)

export async function updateNotices(tx: Transaction, id: string, wish: NoticesWish): Promise<void> {
  await tx.update(moderators).set(wish).where(eq(moderators.id, id))
}

export async function updateDigestAt(tx: Transaction, id: string, digestAt: number): Promise<void> {
  await tx.update(moderators).set({ digestAt }).where(eq(moderators.id, id))
}

/** Since when the oldest request has been waiting for moderators; null if none is. */
export async function findOldestWaiting(reader: Reader): Promise<number | null> {
  const [row] = await reader
    .select({ count: count(), oldest: min(registrations.stateSince) })
    .from(registrations)
    .where(inArray(registrations.queue, ['waiting', 'answered']))
  return row === undefined || row.count === 0 ? null : row.oldest
}
