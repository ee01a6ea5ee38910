import { and, asc, eq, gte, inArray, lt, ne } from 'drizzle-orm'
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
  /** The connection of a page; empty: a page was loaded. */
  stream: string
  /** The page existed before, and was reloaded: its connection's record is enough. */
  again: boolean
}

/**
 * Each page has its own record, so that closing one leaves the others; a connection takes over from its page load.
 * Not if the registration is deleted. Deletes records of this moderator's pages that are older than `since`.
 */
export async function putPresence(
  tx: Transaction,
  moderatorId: string,
  { registrationId, stream, again }: Look,
  { now, since }: { now: number; since: number },
): Promise<void> {
  const own = eq(looks.moderatorId, moderatorId)
  await tx.delete(looks).where(and(own, lt(looks.at, since)))
  if (registrationId === null) {
    await tx.delete(looks).where(and(own, eq(looks.stream, stream)))
    return
  }
  if ((await tx.$count(registrations, eq(registrations.id, registrationId))) === 0) return
  const same = and(own, eq(looks.registrationId, registrationId))
  if (stream !== '') await tx.delete(looks).where(and(same, eq(looks.stream, '')))
  else if (again && (await tx.$count(looks, and(same, ne(looks.stream, '')))) > 0) return
  const look = { registrationId, at: now }
  await tx
    .insert(looks)
    .values({ moderatorId, stream, ...look })
    .onConflictDoUpdate({ target: [looks.moderatorId, looks.stream], set: look })
}
