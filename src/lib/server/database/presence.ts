import { and, asc, eq, gte, inArray, lt } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { looks, moderators, registrations } from './schema'

/** Who has which of these registrations open, each once, however many pages show it. */
export async function findLooks(reader: Reader, ids: string[], since: number) {
  return reader
    .selectDistinct({
      registrationId: looks.registrationId,
      moderatorId: looks.moderatorId,
      name: moderators.username,
    })
    .from(looks)
    .innerJoin(moderators, eq(moderators.id, looks.moderatorId))
    .where(and(inArray(looks.registrationId, ids), gte(looks.at, since)))
    .orderBy(asc(moderators.username))
}

/** Who is viewing what. */
export async function findAllLooks(reader: Reader, since: number) {
  return reader
    .selectDistinct({ registrationId: looks.registrationId, moderatorId: looks.moderatorId })
    .from(looks)
    .where(gte(looks.at, since))
    .orderBy(asc(looks.moderatorId), asc(looks.registrationId))
}

/** Records that a moderator has a registration open; null: no longer. */
export interface Look {
  registrationId: string | null
  /** The load of a page, by an ID of its own. */
  page: string
  /** The connection of that page, by an ID of its own; null: there is none (yet). */
  stream: string | null
}

/**
 * Each load of a page and each connection has its own record, so that the end of one leaves all others; a connection
 * takes over from the load of its own page. Not if the registration is deleted. Deletes records of this moderator's
 * pages that are older than `since`.
 */
export async function putPresence(
  tx: Transaction,
  moderatorId: string,
  { registrationId, page, stream }: Look,
  { now, since }: { now: number; since: number },
): Promise<void> {
  const own = eq(looks.moderatorId, moderatorId)
  await tx.delete(looks).where(and(own, lt(looks.at, since)))
  if (registrationId === null) {
    await tx.delete(looks).where(and(own, eq(looks.stream, stream ?? page)))
    return
  }
  if ((await tx.$count(registrations, eq(registrations.id, registrationId))) === 0) return
  if (stream !== null) await tx.delete(looks).where(and(own, eq(looks.stream, page)))
  const look = { registrationId, at: now }
  await tx
    .insert(looks)
    .values({ moderatorId, stream: stream ?? page, ...look })
    .onConflictDoUpdate({ target: [looks.moderatorId, looks.stream], set: look })
}
