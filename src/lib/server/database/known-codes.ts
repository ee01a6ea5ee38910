import {
  and,
  desc,
  eq,
  inArray,
  isNotNull,
  isNull,
  lte,
  ne,
  notInArray,
  or,
  sql,
  type SQL,
} from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'
import { rolesWith } from '$lib/moderation/permission'
import { counts } from './invitations'
import type { Database, Reader, Transaction } from './open'
import { invitations, moderators } from './schema'
import { findSetting, putSetting } from './settings'

/** Until when every moderator could see every code, in milliseconds since 1970. */
const READABLE_UNTIL = 'invitation_codes_readable_until'

/**
 * Clears what earlier versions stored to show codes again, and records until when all moderators could read them.
 * Returns how many codes those were; if none, it costs one query.
 */
export async function forgetCodes(database: Database, now: number): Promise<number> {
  return database.write(async (tx) => {
    const emptied = await tx
      .update(invitations)
      .set({ code: '' })
      .where(ne(invitations.code, ''))
      .returning({ id: invitations.id })
    if (emptied.length > 0) await putSetting(tx, READABLE_UNTIL, now, now)
    return emptied.length
  })
}

/** Who may know a valid code without being allowed to use it (any more). */
async function beyond(reader: Reader, now: number): Promise<SQL | undefined> {
  // If it cannot be read, listing too many codes is better than too few.
  const until = await findSetting(reader, READABLE_UNTIL, v.number(), { unset: 0, otherwise: now })
  const { madeBy, madeAt, skipReview } = invitations
  const { id, role, createdAt, disabledAt } = moderators
  return and(
    counts(now),
    or(eq(madeBy, id), and(lte(madeAt, until), lte(createdAt, until))),
    or(isNull(disabledAt), lte(madeAt, disabledAt)),
    or(isNotNull(disabledAt), and(notInArray(role, rolesWith('skip-review')), eq(skipReview, true))),
  )
}

/** How many valid codes may be known to disabled moderators, or beyond a moderator's role; by person. */
export async function findKnowers(reader: Reader, now: number) {
  const { id, username, disabledAt } = moderators
  return reader
    .select({
      id,
      username,
      disabled: sql<number>`${disabledAt} is not null`.mapWith(Boolean),
      count: sql<number>`count(*)`,
      skipping: sql<number>`sum(${invitations.skipReview})`,
    })
    .from(moderators)
    .innerJoin(invitations, await beyond(reader, now))
    .groupBy(id)
    .orderBy(username)
}

/** The latest of these codes, those that skip review first. */
export async function findKnown(reader: Reader, moderatorId: string, now: number, limit: number) {
  const maker = alias(moderators, 'maker')
  const { id, note, skipReview, madeAt } = invitations
  return reader
    .select({ id, note, skipReview, madeAt, author: maker.username })
    .from(moderators)
    .innerJoin(invitations, await beyond(reader, now))
    .leftJoin(maker, eq(maker.id, invitations.madeBy))
    .where(eq(moderators.id, moderatorId))
    .orderBy(desc(skipReview), desc(madeAt), desc(id))
    .limit(limit)
}

/** Revokes all of these codes, and returns which those were. */
export async function endKnown(tx: Transaction, moderatorId: string, now: number): Promise<string[]> {
  const known = tx
    .select({ id: invitations.id })
    .from(moderators)
    .innerJoin(invitations, await beyond(tx, now))
    .where(eq(moderators.id, moderatorId))
  const ended = await tx
    .update(invitations)
    .set({ endedAt: now })
    .where(inArray(invitations.id, known))
    .returning({ id: invitations.id })
  return ended.map(({ id }) => id)
}
