import type { KnownCodesView } from '$lib/moderation/views'
import type { Actor } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import { endKnown, findKnowers, findKnown } from '../database/known-codes'
import type { Database } from '../database/open'

/** How many codes per person are named; all of them are revoked. */
const NAMED = 10
/** How many events fit into one statement. */
const SLICE = 500

/**
 * Valid invitation codes that may be known to somebody who must not use them: for disabled moderators, all their own;
 * for moderators, those that skip review. For the time when all moderators could see all codes, each that they could
 * have seen.
 */
export function createKnownCodes({ database, clock }: { database: Database; clock: () => number }) {
  return {
    /** By person; only those who may know any. */
    list: (): Promise<KnownCodesView[]> =>
      database.read(async (reader) => {
        const now = clock()
        const views: KnownCodesView[] = []
        for (const { id, username, disabled, ...counted } of await findKnowers(reader, now))
          views.push({
            moderator: { id, username, disabled },
            ...counted,
            some: await findKnown(reader, id, now, NAMED),
          })
        return views
      }),

    /** How many somebody may know. */
    async count(moderatorId: string): Promise<{ count: number; skipping: number }> {
      const people = await database.read((reader) => findKnowers(reader, clock()))
      const { count, skipping } = people.find(({ id }) => id === moderatorId) ?? { count: 0, skipping: 0 }
      return { count, skipping }
    },

    /** Revokes all that somebody may know; returns how many. */
    end: (moderatorId: string, actor: Actor): Promise<number> =>
      database.write(async (tx) => {
        const now = clock()
        const ended = await endKnown(tx, moderatorId, now)
        for (let at = 0; at < ended.length; at += SLICE) {
          const happened = ended
            .slice(at, at + SLICE)
            .map((invitation) => ({ kind: 'invitation_code_ended', detail: { invitation } }) as const)
          await insertEvents(tx, null, happened, actor, now)
        }
        return ended.length
      }),
  }
}
