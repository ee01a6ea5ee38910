import type { KnownCodesView } from '$lib/moderation/views'
import type { Actor } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import { endKnown, findKnowers, findKnown } from '../database/known-codes'
import type { Database } from '../database/open'

/** So many codes of one person are named; all of them are ended. */
const NAMED = 10
/** So many events fit into one statement. */
const SLICE = 500

export type KnownCodes = ReturnType<typeof createKnownCodes>

/**
 * Invitation codes that still count and that somebody could know who shall not use them: whoever is disabled, any
 * code of their own; a moderator, one that skips review. Of the time when the desk showed all codes to everybody at it,
 * each that they could have seen there.
 */
export function createKnownCodes({ database, clock }: { database: Database; clock: () => number }) {
  return {
    /** By person; who could know none is not among them. */
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

    /** How many somebody could know. */
    async count(moderatorId: string): Promise<{ count: number; skipping: number }> {
      const people = await database.read((reader) => findKnowers(reader, clock()))
      const { count, skipping } = people.find(({ id }) => id === moderatorId) ?? { count: 0, skipping: 0 }
      return { count, skipping }
    },

    /** Ends all that somebody could know; answers how many those were. */
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
