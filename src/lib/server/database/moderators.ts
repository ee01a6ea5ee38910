import { and, asc, desc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { COMMAND_LINE, type EventKind } from '$lib/registration/registration'
import { rolesWith } from '$lib/moderation/permission'
import type { Reader, Transaction } from './open'
import { events, moderators, sessions } from './schema'

export type ModeratorRow = typeof moderators.$inferSelect
export type NewModerator = typeof moderators.$inferInsert

export async function findModerator(reader: Reader, id: string): Promise<ModeratorRow | null> {
  const [row] = await reader.select().from(moderators).where(eq(moderators.id, id))
  return row ?? null
}

export async function findModeratorByName(reader: Reader, username: string): Promise<ModeratorRow | null> {
  const [row] = await reader.select().from(moderators).where(eq(moderators.username, username))
  return row ?? null
}

/** The moderator, if active and the password is still the one that was verified, which takes a while. */
export async function findVerifiedModerator(
  reader: Reader,
  { id, passwordHash }: Pick<ModeratorRow, 'id' | 'passwordHash'>,
): Promise<ModeratorRow | null> {
  const [row] = await reader
    .select()
    .from(moderators)
    .where(
      and(eq(moderators.id, id), eq(moderators.passwordHash, passwordHash), isNull(moderators.disabledAt)),
    )
  return row ?? null
}

/** The username of the author whose ID is in this column, where `moderators` (or its alias) is joined by that. */
export const authorName = (id: SQLiteColumn, moderator: { username: SQLiteColumn }) =>
  sql<string | null>`case ${id} when ${COMMAND_LINE} then ${COMMAND_LINE} else ${moderator.username} end`

/** All of them by username, disabled ones included. */
export async function findModerators(reader: Reader): Promise<ModeratorRow[]> {
  return reader.select().from(moderators).orderBy(asc(moderators.username))
}

export async function insertModerator(tx: Transaction, moderator: NewModerator): Promise<ModeratorRow> {
  const [row] = await tx.insert(moderators).values(moderator).returning()
  if (row === undefined) throw new Error('The database did not return the moderator it stored')
  return row
}

/** The active moderator with this email address. */
export async function findModeratorByEmail(reader: Reader, email: string): Promise<ModeratorRow | null> {
  const [row] = await reader
    .select()
    .from(moderators)
    .where(and(eq(moderators.email, email), isNull(moderators.disabledAt)))
  return row ?? null
}

/** How many active moderators may manage the others. */
export async function countAdministrators(reader: Reader): Promise<number> {
  const managers = inArray(moderators.role, rolesWith('manage-moderators'))
  return reader.$count(moderators, and(managers, isNull(moderators.disabledAt)))
}

export async function updateModerator(
  tx: Transaction,
  id: string,
  change: Partial<Omit<NewModerator, 'id' | 'username'>>,
): Promise<void> {
  await tx.update(moderators).set(change).where(eq(moderators.id, id))
}

/** Deletes the secret of an authenticator that was never confirmed. */
export async function forgetBegunFactor(tx: Transaction, id: string): Promise<void> {
  await tx
    .update(moderators)
    .set({ totpSecret: null })
    .where(and(eq(moderators.id, id), isNull(moderators.totpSince)))
}

/** How a session begins. */
const SIGNED_IN_BY: EventKind[] = ['signed_in', 'moderator_joined']

/**
 * When each moderator was last seen, in milliseconds since 1970, and whether they have a session, by ID; of those
 * without one, when they last signed in, as far as the audit log still knows, otherwise null.
 */
export async function findLastSeen(
  reader: Reader,
): Promise<Map<string, { seenAt: number | null; isSignedIn: boolean }>> {
  const inSession = reader
    .select({ at: sql`max(coalesce(${sessions.lastSeenAt}, ${sessions.startedAt}))` })
    .from(sessions)
    .where(eq(sessions.userId, moderators.id))
  const inLog = reader
    .select({ at: events.at })
    .from(events)
    .where(and(eq(events.moderatorId, moderators.id), inArray(events.kind, SIGNED_IN_BY)))
    .orderBy(desc(events.seq))
    .limit(1)
  const rows = await reader
    .select({
      id: moderators.id,
      session: sql<number | null>`(${inSession})`,
      log: sql<number | null>`(${inLog})`,
    })
    .from(moderators)
  return new Map(
    rows.map(({ id, session, log }) => [
      id,
      { seenAt: session === null ? log : Math.max(session, log ?? 0), isSignedIn: session !== null },
    ]),
  )
}
