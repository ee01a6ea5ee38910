import { hashToken, parseToken } from '../crypto/tokens'

/** How many are kept, in total and per moderator: repeated sign-ins do not displace a colleague. */
const KEPT = 1000
const KEPT_OF_ONE = 20

/** A session confirmed by the database, under its stored hash. */
export interface ConfirmedSession {
  hash: string
  moderatorId: string
}

export type KnownSessions = ReturnType<typeof createKnownSessions>

/**
 * Sessions that the database confirmed within the last `lifeMs`, in memory: this distinguishes moderators from
 * strangers before the database is queried. It grants no access: that is checked afterwards, and a session that fails
 * is dropped (`forget`).
 */
export function createKnownSessions({ clock, lifeMs }: { clock: () => number; lifeMs: number }) {
  /** The one confirmed longest ago comes first. */
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

    /** The cookie's value may be anything. */
    has(cookieValue: string | undefined): boolean {
      const token = parseToken(cookieValue)
      const one = token === null ? undefined : known.get(hashToken(token))
      return one !== undefined && Math.abs(clock() - one.at) < lifeMs
    },
  }
}
