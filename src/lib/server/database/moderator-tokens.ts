import { and, asc, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import type { TokenHash } from '../crypto/tokens'
import type { Reader, Transaction } from './open'
import { moderators, moderatorTokens } from './schema'

export type ModeratorTokenRow = typeof moderatorTokens.$inferSelect

export async function insertModeratorToken(
  tx: Transaction,
  row: typeof moderatorTokens.$inferInsert,
): Promise<void> {
  await tx.insert(moderatorTokens).values(row)
}

/**
 * Gives a link another token for a mail that goes out now, so that only its newest mail opens anything, and for as long as
 * that mail says; null where the link was used or withdrawn.
 */
export async function renewModeratorToken(
  tx: Transaction,
  id: string,
  hash: TokenHash,
  expiresAt: number,
): Promise<ModeratorTokenRow | null> {
  const [row] = await tx
    .update(moderatorTokens)
    .set({ hash, expiresAt })
    .where(and(eq(moderatorTokens.id, id), isNull(moderatorTokens.spentAt)))
    .returning()
  return row ?? null
}

export async function findModeratorToken(
  reader: Reader,
  hash: TokenHash,
  purpose: ModeratorTokenRow['purpose'],
): Promise<ModeratorTokenRow | null> {
  const [row] = await reader
    .select()
    .from(moderatorTokens)
    .where(and(eq(moderatorTokens.hash, hash), eq(moderatorTokens.purpose, purpose)))
  return row ?? null
}

/** Marks a token as used; false where somebody was faster. */
export async function spendModeratorToken(tx: Transaction, hash: string, now: number): Promise<boolean> {
  const spent = await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(and(eq(moderatorTokens.hash, hash), isNull(moderatorTokens.spentAt)))
    .returning({ hash: moderatorTokens.hash })
  return spent.length > 0
}

/** Notes that a token was used that nobody kept before; false where somebody was faster. */
export async function insertSpent(
  tx: Transaction,
  row: typeof moderatorTokens.$inferInsert & { spentAt: number },
): Promise<boolean> {
  const spent = await tx
    .insert(moderatorTokens)
    .values(row)
    .onConflictDoNothing()
    .returning({ hash: moderatorTokens.hash })
  return spent.length > 0
}

/** Invitations that can still be used, the oldest first, with who made them. */
export async function findInvitations(reader: Reader, now: number) {
  return reader
    .select({
      id: moderatorTokens.id,
      hash: moderatorTokens.hash,
      email: moderatorTokens.email,
      role: moderatorTokens.role,
      expiresAt: moderatorTokens.expiresAt,
      by: moderators.username,
    })
    .from(moderatorTokens)
    .leftJoin(moderators, eq(moderators.id, moderatorTokens.createdBy))
    .where(
      and(
        eq(moderatorTokens.purpose, 'invitation'),
        isNull(moderatorTokens.spentAt),
        gt(moderatorTokens.expiresAt, now),
      ),
    )
    .orderBy(asc(moderatorTokens.createdAt))
}

/** Deletes at most so many that ran out before a time; answers how many. */
export async function deleteModeratorTokens(tx: Transaction, before: number, limit: number): Promise<number> {
  const old = tx
    .select({ hash: moderatorTokens.hash })
    .from(moderatorTokens)
    .where(lte(moderatorTokens.expiresAt, before))
    .limit(limit)
  const { rowsAffected } = await tx.delete(moderatorTokens).where(inArray(moderatorTokens.hash, old))
  return rowsAffected
}

/** Spends what waits for a moderator: half a sign-in, an address that is not confirmed. */
export async function spendTokensOf(tx: Transaction, moderatorId: string, now: number): Promise<void> {
  await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(and(eq(moderatorTokens.moderatorId, moderatorId), isNull(moderatorTokens.spentAt)))
}

/** Spends the invitations that a moderator made and nobody followed; answers how many those were. */
export async function spendInvitationsBy(tx: Transaction, createdBy: string, now: number): Promise<number> {
  const spent = await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(
      and(
        eq(moderatorTokens.createdBy, createdBy),
        eq(moderatorTokens.purpose, 'invitation'),
        isNull(moderatorTokens.spentAt),
        gt(moderatorTokens.expiresAt, now),
      ),
    )
    .returning({ hash: moderatorTokens.hash })
  return spent.length
}
