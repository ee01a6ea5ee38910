import { and, asc, eq, sql } from 'drizzle-orm'
import type { Wrote } from '$lib/registration/decision'
import type { Actor } from '$lib/registration/registration'
import type { Reader, Transaction } from './open'
import { perConnection } from './prepared-query'
import { exchanges, moderators, notes } from './schema'

/**
 * Stores a message of the conversation with an applicant, or a comment among moderators. Only moderators write
 * comments.
 */
export async function insertWords(
  tx: Transaction,
  registrationId: string,
  { where, text }: Wrote,
  actor: Actor,
  at: number,
): Promise<void> {
  const moderatorId = actor.kind === 'moderator' ? actor.id : null
  if (where === 'exchange') {
    const author = moderatorId === null ? 'applicant' : 'moderator'
    await tx.insert(exchanges).values({ registrationId, at, author, moderatorId, text })
    return
  }
  if (moderatorId === null) throw new Error('Only moderators can write comments')
  await tx.insert(notes).values({ registrationId, at, moderatorId, text })
}

const exchangesOf = perConnection((reader: Reader) =>
  reader
    .select({
      at: exchanges.at,
      author: exchanges.author,
      text: exchanges.text,
      moderator: moderators.username,
    })
    .from(exchanges)
    .leftJoin(moderators, eq(moderators.id, exchanges.moderatorId))
    .where(eq(exchanges.registrationId, sql.placeholder('registrationId')))
    .orderBy(asc(exchanges.seq))
    .prepare(),
)

/** Questions and answers, oldest first, with moderators' usernames. */
export const findExchanges = (reader: Reader, registrationId: string) =>
  exchangesOf(reader).all({ registrationId })

/** The moderators' question of a time. */
export async function findQuestion(reader: Reader, registrationId: string, at: number): Promise<string[]> {
  const rows = await reader
    .select({ text: exchanges.text })
    .from(exchanges)
    .where(
      and(
        eq(exchanges.registrationId, registrationId),
        eq(exchanges.at, at),
        eq(exchanges.author, 'moderator'),
      ),
    )
    .orderBy(asc(exchanges.seq))
  return rows.map(({ text }) => text)
}

/** Moderators' comments, oldest first. */
export async function findNotes(reader: Reader, registrationId: string) {
  return reader
    .select({ at: notes.at, text: notes.text, moderator: moderators.username })
    .from(notes)
    .leftJoin(moderators, eq(moderators.id, notes.moderatorId))
    .where(eq(notes.registrationId, registrationId))
    .orderBy(asc(notes.seq))
}
