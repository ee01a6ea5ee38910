import { and, desc, eq, gt, inArray, isNull, lt, or, sql, type SQLWrapper } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { standingOf } from '$lib/moderation/invitation'
import { rolesWith } from '$lib/moderation/permission'
import type { Brought } from '$lib/registration/invited'
import { eventsOf } from './events-of'
import { authorName } from './moderators'
import type { Reader, Transaction } from './open'
import { events, invitations, moderators, registrations } from './schema'
import { fieldOf } from './stored-json'

/** Counting stops here: beyond that, there are just "more". */
export const CAME_LIMIT = 1_000

export type InvitationRow = typeof invitations.$inferSelect

/** Like the domain's `standingOf`. */
export const counts = (now: number) =>
  and(
    isNull(invitations.endedAt),
    or(isNull(invitations.expiresAt), gt(invitations.expiresAt, now)),
    or(isNull(invitations.usesMaximum), lt(invitations.uses, invitations.usesMaximum)),
  )

/** Whether a moderator may vouch for others, and is not disabled. */
const vouches = ({ role, disabledAt }: { role: SQLWrapper; disabledAt: SQLWrapper }) =>
  sql<number>`coalesce(${inArray(role, rolesWith('skip-review'))} and ${disabledAt} is null, 0)`

export async function findInvitationByHash(reader: Reader, hash: string): Promise<InvitationRow | null> {
  const [row] = await reader.select().from(invitations).where(eq(invitations.hash, hash))
  return row ?? null
}

export async function findInvitation(reader: Reader, id: string): Promise<InvitationRow | null> {
  const [row] = await reader.select().from(invitations).where(eq(invitations.id, id))
  return row ?? null
}

export async function insertInvitation(tx: Transaction, invitation: InvitationRow): Promise<void> {
  await tx.insert(invitations).values(invitation)
}

export async function endInvitation(tx: Transaction, id: string, now: number): Promise<void> {
  await tx.update(invitations).set({ endedAt: now }).where(eq(invitations.id, id))
}

/** Counts a use of a valid invitation; throws if it is not valid, so that the whole transaction is rolled back. */
export async function countUse(tx: Transaction, id: string, now: number): Promise<void> {
  const { rowsAffected } = await tx
    .update(invitations)
    .set({ uses: sql`${invitations.uses} + 1` })
    .where(and(eq(invitations.id, id), counts(now)))
  if (rowsAffected !== 1) throw new Error('A use was granted for an invitation code that is not valid')
}

/**
 * A page of invitations, latest first: valid or ended ones, with their creator and number of uses. `skipping`:
 * including those that skip review.
 */
export async function findInvitations(
  reader: Reader,
  { over, skipping }: { over: boolean; skipping: boolean },
  now: number,
  before: { madeAt: number; id: string } | null,
  limit: number,
) {
  const { madeAt, id } = invitations
  const beyond =
    before === null
      ? undefined
      : or(lt(madeAt, before.madeAt), and(eq(madeAt, before.madeAt), lt(id, before.id)))
  const some = reader
    .select({ one: sql`1`.as('one') })
    .from(registrations)
    .where(eq(registrations.invitationId, id))
    .limit(CAME_LIMIT + 1)
    .as('some')
  return reader
    .select({
      invitation: invitations,
      author: authorName(invitations.madeBy, moderators),
      /** Whether its creator may still skip review. */
      vouches: vouches(moderators),
      came: sql<number>`(select count(*) from ${some})`,
    })
    .from(invitations)
    .leftJoin(moderators, eq(moderators.id, invitations.madeBy))
    .where(
      and(
        over ? sql`not (${counts(now)})` : counts(now),
        skipping ? undefined : eq(invitations.skipReview, false),
        beyond,
      ),
    )
    .orderBy(desc(madeAt), desc(id))
    .limit(limit)
}

/** What is known of a registration's invitation; null if it has none that ever existed. */
export async function findBrought(
  reader: Reader,
  registrationId: string,
  now: number,
): Promise<Brought | null> {
  const maker = alias(moderators, 'maker')
  const [row] = await reader
    .select({
      invitation: invitations,
      maker: { id: maker.id, name: maker.username },
      vouches: vouches(maker),
      heldBy: registrations.heldBy,
      heldFor: registrations.heldFor,
      counted: sql<number>`exists (select 1 from ${events} where ${eventsOf(registrations.id, 'requested')}
        and ${fieldOf(events.detail, 'invitation')} = ${invitations.id})`,
    })
    .from(registrations)
    .innerJoin(invitations, eq(invitations.id, registrations.invitationId))
    .leftJoin(maker, eq(maker.id, invitations.madeBy))
    .where(eq(registrations.id, registrationId))
  if (row === undefined) return null
  const { invitation, maker: made } = row
  return {
    id: invitation.id,
    standing: standingOf(invitation, now),
    counted: row.counted === 1,
    voucher: invitation.skipReview && row.vouches === 1 ? made : null,
    held: row.heldBy !== null || row.heldFor.length > 0,
  }
}

/** The invitation that a registration used, as moderators see it; null if none. */
export async function findCameBy(reader: Reader, registrationId: string) {
  const [row] = await reader
    .select({
      id: invitations.id,
      note: invitations.note,
      by: moderators.username,
      skipReview: invitations.skipReview,
    })
    .from(registrations)
    .innerJoin(invitations, eq(invitations.id, registrations.invitationId))
    .leftJoin(moderators, eq(moderators.id, invitations.madeBy))
    .where(eq(registrations.id, registrationId))
  return row ?? null
}
