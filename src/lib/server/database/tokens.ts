import { and, eq, getTableColumns, gt, inArray, lte, sql } from 'drizzle-orm'
import type { TokenHash } from '../crypto/tokens'
import type { Reader, Transaction } from './open'
import { asStored, perConnection, placeholders } from './prepared-query'
import { tokens } from './schema'

export type TokenRow = typeof tokens.$inferSelect
export type TokenPurpose = TokenRow['purpose']

export async function insertToken(
  tx: Transaction,
  token: Omit<typeof tokens.$inferInsert, 'hash' | 'spentAt'> & { hash: TokenHash },
): Promise<void> {
  await tokenInsert(tx).run(asStored(NEW, { username: null, brought: null, ...token }))
}

const { spentAt: _spentAt, ...NEW } = getTableColumns(tokens)
const tokenInsert = perConnection((tx: Transaction) => tx.insert(tokens).values(placeholders(NEW)).prepare())

const byHash = perConnection((reader: Reader) =>
  reader
    .select()
    .from(tokens)
    .where(and(eq(tokens.hash, sql.placeholder('hash')), eq(tokens.purpose, sql.placeholder('purpose'))))
    .prepare(),
)

/** A token for this purpose and no other; expired ones too, because their owners are told so. */
export async function findToken(
  reader: Reader,
  hash: TokenHash,
  purpose: TokenPurpose,
): Promise<TokenRow | null> {
  const [row] = await byHash(reader).all({ hash, purpose })
  return row ?? null
}

/** Whether a registration has a working link to confirm its email. */
export async function hasLiveLink(reader: Reader, registrationId: string, now: number): Promise<boolean> {
  const rows = await reader
    .select({ hash: tokens.hash })
    .from(tokens)
    .where(
      and(
        eq(tokens.registrationId, registrationId),
        eq(tokens.purpose, 'verification'),
        gt(tokens.expiresAt, now),
      ),
    )
    .limit(1)
  return rows.length > 0
}

/**
 * Deletes at most so many tokens that expired at or before a time, and returns how many; until then their owners are
 * told "expired" and not "unknown".
 */
export async function deleteExpiredTokens(tx: Transaction, before: number, limit: number): Promise<number> {
  const expired = tx
    .select({ hash: tokens.hash })
    .from(tokens)
    .where(lte(tokens.expiresAt, before))
    .limit(limit)
  const { rowsAffected } = await tx.delete(tokens).where(inArray(tokens.hash, expired))
  return rowsAffected
}
