import { and, asc, eq } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { passkeys } from './schema'

export type PasskeyRow = typeof passkeys.$inferSelect

/** A moderator's passkeys, the oldest first. */
export async function findPasskeysOf(reader: Reader, moderatorId: string): Promise<PasskeyRow[]> {
  return reader
    .select()
    .from(passkeys)
    .where(eq(passkeys.moderatorId, moderatorId))
    .orderBy(asc(passkeys.createdAt), asc(passkeys.id))
}

export async function countPasskeysOf(reader: Reader, moderatorId: string): Promise<number> {
  return reader.$count(passkeys, eq(passkeys.moderatorId, moderatorId))
}

/** Who has passkeys. */
export async function findPasskeyHolders(reader: Reader): Promise<Set<string>> {
  const rows = await reader.selectDistinct({ id: passkeys.moderatorId }).from(passkeys)
  return new Set(rows.map(({ id }) => id))
}

export async function findPasskey(reader: Reader, id: string): Promise<PasskeyRow | null> {
  const [row] = await reader.select().from(passkeys).where(eq(passkeys.id, id))
  return row ?? null
}

/** False if there is one with this ID already. */
export async function insertPasskey(tx: Transaction, row: PasskeyRow): Promise<boolean> {
  const added = await tx.insert(passkeys).values(row).onConflictDoNothing().returning({ id: passkeys.id })
  return added.length > 0
}

/** Records that a passkey signed, and its own counter. */
export async function markPasskeyUsed(
  tx: Transaction,
  id: string,
  counter: number,
  now: number,
): Promise<void> {
  await tx.update(passkeys).set({ counter, lastUsedAt: now }).where(eq(passkeys.id, id))
}

/** False if this moderator has no such passkey. */
export async function deletePasskey(tx: Transaction, moderatorId: string, id: string): Promise<boolean> {
  const gone = await tx
    .delete(passkeys)
    .where(and(eq(passkeys.id, id), eq(passkeys.moderatorId, moderatorId)))
    .returning({ id: passkeys.id })
  return gone.length > 0
}

export async function deletePasskeysOf(tx: Transaction, moderatorId: string): Promise<void> {
  await tx.delete(passkeys).where(eq(passkeys.moderatorId, moderatorId))
}
