import { and, asc, eq, gt, inArray, isNull, lte, type SQL } from 'drizzle-orm'
import type { EmailAddress } from '$lib/registration/email'
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
 * Gives a link another token for an email being sent now, so that only its latest email works, and for as long as
 * that email says; null if the link was used or withdrawn.
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

/** Marks a token as used; false if it was used already. */
export async function spendModeratorToken(tx: Transaction, hash: string, now: number): Promise<boolean> {
  const spent = await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(and(eq(moderatorTokens.hash, hash), isNull(moderatorTokens.spentAt)))
    .returning({ hash: moderatorTokens.hash })
  return spent.length > 0
}

/** Records the use of a token that was not stored before; false if it was used already. */
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

/** Open invitations, the oldest first, with who made them. */
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

/** Deletes at most so many that expired before a time; returns how many. */
export async function deleteModeratorTokens(tx: Transaction, before: number, limit: number): Promise<number> {
  const old = tx
    .select({ hash: moderatorTokens.hash })
    .from(moderatorTokens)
    .where(lte(moderatorTokens.expiresAt, before))
    .limit(limit)
  const { rowsAffected } = await tx.delete(moderatorTokens).where(inArray(moderatorTokens.hash, old))
  return rowsAffected
}

/** Invalidates what is pending for a moderator: half a sign-in, an unconfirmed email; or only what has one `purpose`. */
export async function spendTokensOf(
  tx: Transaction,
  moderatorId: string,
  now: number,
  purpose?: ModeratorTokenRow['purpose'],
): Promise<void> {
  const isMeant = purpose === undefined ? undefined : eq(moderatorTokens.purpose, purpose)
  await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(and(eq(moderatorTokens.moderatorId, moderatorId), isMeant, isNull(moderatorTokens.spentAt)))
}

/**
 * Revokes the unused invitations that a moderator sent; returns how many. Expired ones too: sending a delayed email
 * renews its link.
 */
export const spendInvitationsBy = (tx: Transaction, createdBy: string, now: number): Promise<number> =>
  spendInvitations(tx, eq(moderatorTokens.createdBy, createdBy), now)

/** Revokes the unused invitations to an address, expired ones too; returns how many. */
export const spendInvitationsTo = (tx: Transaction, email: EmailAddress, now: number): Promise<number> =>
  spendInvitations(tx, eq(moderatorTokens.email, email), now)

async function spendInvitations(tx: Transaction, which: SQL, now: number): Promise<number> {
  const spent = await tx
    .update(moderatorTokens)
    .set({ spentAt: now })
    .where(and(which, eq(moderatorTokens.purpose, 'invitation'), isNull(moderatorTokens.spentAt)))
    .returning({ hash: moderatorTokens.hash })
  return spent.length
}
