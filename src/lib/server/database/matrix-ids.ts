import { and, eq, getTableColumns, gt, inArray, isNotNull, isNull, lte } from 'drizzle-orm'
import type { ModeratorRow } from './moderators'
import type { Reader, Transaction } from './open'
import { matrixIdClaims, moderators } from './schema'
import { mustSetUp } from './sessions'

/** A Matrix ID that a moderator named as theirs. `job`: the job that asks, and so the transaction ID of its message. */
type MatrixIdClaim = typeof matrixIdClaims.$inferSelect

/** Stores what a moderator claims now, in place of what they claimed before. */
export async function putMatrixIdClaim(tx: Transaction, claim: MatrixIdClaim): Promise<void> {
  await tx.insert(matrixIdClaims).values(claim).onConflictDoUpdate({
    target: matrixIdClaims.moderatorId,
    set: claim,
  })
}

/** What a moderator claims, expired or not. */
export async function findMatrixIdClaim(reader: Reader, moderatorId: string): Promise<MatrixIdClaim | null> {
  const [claim] = await reader
    .select()
    .from(matrixIdClaims)
    .where(eq(matrixIdClaims.moderatorId, moderatorId))
  return claim ?? null
}

/** The claim that this event of the moderators' room asks about, expired or not. */
export async function findMatrixIdClaimAsked(reader: Reader, eventId: string): Promise<MatrixIdClaim | null> {
  const [claim] = await reader.select().from(matrixIdClaims).where(eq(matrixIdClaims.eventId, eventId))
  return claim ?? null
}

/** The events of the moderators' room that ask about claims which can still be confirmed at this time. */
export async function findAskedEvents(reader: Reader, now: number): Promise<string[]> {
  const rows = await reader
    .select({ eventId: matrixIdClaims.eventId })
    .from(matrixIdClaims)
    .where(and(isNotNull(matrixIdClaims.eventId), gt(matrixIdClaims.expiresAt, now)))
  return rows.flatMap(({ eventId }) => (eventId === null ? [] : [eventId]))
}

/** The homeserver has the message of a claim as this event; changes nothing if another claim took its place. */
export async function setMatrixIdClaimEvent(tx: Transaction, job: string, eventId: string): Promise<void> {
  await tx.update(matrixIdClaims).set({ eventId }).where(eq(matrixIdClaims.job, job))
}

export async function deleteMatrixIdClaim(tx: Transaction, moderatorId: string): Promise<void> {
  await tx.delete(matrixIdClaims).where(eq(matrixIdClaims.moderatorId, moderatorId))
}

/** Deletes at most so many that expired before a time; returns how many. */
export async function deleteMatrixIdClaims(tx: Transaction, before: number, limit: number): Promise<number> {
  const expired = tx
    .select({ id: matrixIdClaims.moderatorId })
    .from(matrixIdClaims)
    .where(lte(matrixIdClaims.expiresAt, before))
    .limit(limit)
  const { rowsAffected } = await tx.delete(matrixIdClaims).where(inArray(matrixIdClaims.moderatorId, expired))
  return rowsAffected
}

/**
 * The active moderator that this Matrix ID is linked to. `mustSetUp`: nothing of what they do counts before they have set
 * up a second factor, as on the pages.
 */
export async function findModeratorByMatrixId(
  reader: Reader,
  matrixId: string,
): Promise<(ModeratorRow & { mustSetUp: boolean }) | null> {
  const [row] = await reader
    .select({ ...getTableColumns(moderators), mustSetUp: mustSetUp.mapWith(Boolean) })
    .from(moderators)
    .where(and(eq(moderators.matrixId, matrixId), isNull(moderators.disabledAt)))
  return row ?? null
}

/** Whether a Matrix ID is linked to somebody else than this moderator, active or not. */
export async function isMatrixIdTaken(
  reader: Reader,
  matrixId: string,
  moderatorId: string,
): Promise<boolean> {
  const [row] = await reader
    .select({ id: moderators.id })
    .from(moderators)
    .where(eq(moderators.matrixId, matrixId))
  return row !== undefined && row.id !== moderatorId
}
