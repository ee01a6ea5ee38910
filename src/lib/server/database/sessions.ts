import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { TokenHash } from '../crypto/tokens'
import type { Reader, Transaction } from './open'
import { moderators, passkeys, sessions, settings } from './schema'

export type SessionRow = typeof sessions.$inferSelect

const MOST_LIVING = 1000

/** Whether a moderator has to set up a second factor before anything else; one whose setting cannot be read, too. */
export const mustSetUp = sql<number>`${moderators.totpSince} is null
          and not exists (select 1 from ${passkeys} where ${passkeys.moderatorId} = ${moderators.id})
          and exists (select 1 from ${settings}
          where ${settings.key} = 'second_factor_required' and ${settings.value} <> 'false')`

/**
 * A session and its moderator, in one select, so that both are from the same moment. If the second-factor setting
 * cannot be read, one is required, as in `isFactorRequired`.
 */
export async function findSession(reader: Reader, id: TokenHash) {
  const [row] = await reader
    .select({
      session: sessions,
      moderator: {
        id: moderators.id,
        username: moderators.username,
        role: moderators.role,
        shortcuts: moderators.shortcuts,
        mustSetUp: mustSetUp.mapWith(Boolean),
        disabledAt: moderators.disabledAt,
      },
    })
    .from(sessions)
    .innerJoin(moderators, eq(moderators.id, sessions.userId))
    .where(eq(sessions.id, id))
  return row ?? null
}

/** Valid sessions, by their stored hashes: those seen last, the very last one at the end. */
export async function findLivingSessions(
  reader: Reader,
  { now, startedAfter }: { now: number; startedAfter: number },
): Promise<{ hash: string; moderatorId: string }[]> {
  const { id, userId, expiresAt, startedAt, lastSeenAt } = sessions
  const seenAt = sql`coalesce(${lastSeenAt}, ${startedAt})`
  const rows = await reader
    .select({ hash: id, moderatorId: userId })
    .from(sessions)
    .innerJoin(moderators, eq(moderators.id, userId))
    .where(
      and(gt(expiresAt, Math.floor(now / 1000)), gt(startedAt, startedAfter), isNull(moderators.disabledAt)),
    )
    .orderBy(desc(seenAt))
    .limit(MOST_LIVING)
  return rows.reverse()
}

export async function findSessionsOf(reader: Reader, moderatorId: string): Promise<SessionRow[]> {
  return reader.select().from(sessions).where(eq(sessions.userId, moderatorId))
}

export async function deleteSessionsOf(tx: Transaction, moderatorId: string): Promise<void> {
  await tx.delete(sessions).where(eq(sessions.userId, moderatorId))
}

/** `expiredAt` in seconds, like the column; `startedBefore` in milliseconds. */
export async function deleteEndedSessions(
  tx: Transaction,
  ended: { expiredAt: number; startedBefore: number },
): Promise<void> {
  await tx
    .delete(sessions)
    .where(or(lte(sessions.expiresAt, ended.expiredAt), lte(sessions.startedAt, ended.startedBefore)))
}

export async function deleteSession(tx: Transaction, id: string): Promise<void> {
  await tx.delete(sessions).where(eq(sessions.id, id))
}

/** Records activity. */
export async function markSeen(tx: Transaction, id: TokenHash, now: number): Promise<void> {
  await tx.update(sessions).set({ lastSeenAt: now }).where(eq(sessions.id, id))
}
