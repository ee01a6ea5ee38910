import { hashToken, parseToken } from '../crypto/tokens'

/** So many are kept, and of one moderator so many: who signs in again and again drives out no colleague. */
const KEPT = 1000
const KEPT_OF_ONE = 20

/** A session that the database confirmed, under the hash that it knows it by. */
export interface ConfirmedSession {
  hash: string
  moderatorId: string
}

export type KnownSessions = ReturnType<typeof createKnownSessions>

/**
 * The sessions that the database confirmed within the last `lifeMs`, in memory: this tells whoever works here from
 * strangers before anything is asked of the database. It lets nobody in: that is asked afterwards, and who is not let in
 * is forgotten (`forget`).
 */
export function createKnownSessions({ clock, lifeMs }: { clock: () => number; lifeMs: number }) {
  /** The one that was confirmed longest ago stands first. */
  const known = new Map<string, { moderatorId: string; at: number }>()

  function oldest(moderatorId: string | null): string | undefined {
    const of = [...known].filter(([, one]) => moderatorId === null || one.moderatorId === moderatorId)
    const most = moderatorId === null ? KEPT : KEPT_OF_ONE
    return of.length > most ? of[0]?.[0] : undefined
  }

  return {
    confirm({ hash, moderatorId }: ConfirmedSession): void {
      const isNew = !known.delete(hash)
      known.set(hash, { moderatorId, at: clock() })
      if (!isNew) return
      for (const one of [oldest(moderatorId), oldest(null)]) if (one !== undefined) known.delete(one)
    },

    forget: (hash: string): void => void known.delete(hash),

    forgetAllOf(moderatorId: string): void {
      for (const [hash, one] of known) if (one.moderatorId === moderatorId) known.delete(hash)
    },

    /** What a cookie says may be anything. */
    has(cookieValue: string | undefined): boolean {
      const token = parseToken(cookieValue)
      const one = token === null ? undefined : known.get(hashToken(token))
      return one !== undefined && clock() - one.at < lifeMs
    },
  }
}
