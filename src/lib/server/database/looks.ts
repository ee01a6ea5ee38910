import { and, asc, eq, gte, inArray } from 'drizzle-orm'
import type { Reader, Transaction } from './open'
import { looks, moderators, registrations } from './schema'

/** Who has which of these registrations open. */
export async function findLooks(reader: Reader, ids: string[], since: number) {
  return reader
    .select({
      registrationId: looks.registrationId,
      moderatorId: looks.moderatorId,
      name: moderators.username,
    })
    .from(looks)
    .innerJoin(moderators, eq(moderators.id, looks.moderatorId))
    .where(and(inArray(looks.registrationId, ids), gte(looks.at, since)))
    .orderBy(asc(moderators.username))
}

/** Who looks at what. */
export async function findAllLooks(reader: Reader, since: number) {
  return reader
    .select({ registrationId: looks.registrationId, moderatorId: looks.moderatorId })
    .from(looks)
    .where(gte(looks.at, since))
    .orderBy(asc(looks.moderatorId))
}

/** A moderator has this registration open, and no other; null: none at all. Not where it is gone. */
export async function putLook(
  tx: Transaction,
  moderatorId: string,
  registrationId: string | null,
  now: number,
): Promise<void> {
  if (registrationId === null) {
    await tx.delete(looks).where(eq(looks.moderatorId, moderatorId))
    return
  }
  if ((await tx.$count(registrations, eq(registrations.id, registrationId))) === 0) return
  const look = { registrationId, at: now }
  await tx
    .insert(looks)
    .values({ moderatorId, ...look })
    .onConflictDoUpdate({ target: [looks.moderatorId, looks.stream], set: look })
}
