import { asOutage, badToken, refusedToken } from './answer-errors'
import type { HomeserverError } from './homeserver'

/** The access token that a server is called with. Never in a log, nor in an error. */
export interface AccessToken {
  /** The one to use now. Throws `HomeserverError`, which names no caller, as several may wait for the same one. */
  current(): Promise<string>
  /** Another one in the place of one that was refused, or null if there is none. Throws as above. */
  renew(refused: string): Promise<string | null>
  /**
   * The error of a call that was refused for its token all the same, with what an operator does about it; `said` is why,
   * in the server's words. It says whether any other call would fail the same way.
   */
  error(task: string, said: string): HomeserverError
  /** The account that it belongs to, as a message names it: `the account of synapse.admin_token`. */
  readonly owner: string
}

/** `synapse.admin_token`, which nobody can renew. */
export const givenToken = (token: string): AccessToken => ({
  current: () => Promise.resolve(token),
  renew: () => Promise.resolve(null),
  error: (task, said) =>
    badToken(task, said, 'Set synapse.admin_token to a valid token of a server administrator.'),
  owner: 'the account of synapse.admin_token',
})

/** `matrix_notifications.bot_token`, which nobody can renew either. Only what is said in rooms fails without it. */
export const botToken = (token: string): AccessToken => ({
  current: () => Promise.resolve(token),
  renew: () => Promise.resolve(null),
  error: (task, said) =>
    refusedToken(
      task,
      said,
      'Set matrix_notifications.bot_token to a valid token of that account, and check that it is not locked.',
    ),
  owner: 'the account of matrix_notifications.bot_token',
})

/** Whether something happened less than so many milliseconds ago; not if it is ahead, as the clock was set back then. */
export const isRecent = (at: number, now: number, ms: number): boolean => now >= at && now - at < ms

/**
 * One that is fetched when it is needed, kept until shortly before it ends, and fetched once for all callers. `obtain`
 * answers the token, and until when it can be used (milliseconds since 1970). `renewEvery`: how many milliseconds at least
 * lie between two that take the place of refused ones. `isNeededByAll`: whether no other call succeeds without it either.
 */
export function keptToken({
  obtain,
  clock,
  renewEvery = 0,
  isNeededByAll,
  ...words
}: {
  obtain: () => Promise<{ token: string; until: number }>
  clock: () => number
  renewEvery?: number | undefined
  isNeededByAll: boolean
} & Pick<AccessToken, 'error' | 'owner'>): AccessToken {
  let kept: { token: string; until: number } | null = null
  let obtaining: Promise<string> | null = null
  let renewedAt = -Infinity

  function obtainNew(): Promise<string> {
    obtaining ??= obtain()
      .then((token) => {
        kept = token
        return token.token
      })
      .catch((error: unknown) => {
        throw isNeededByAll ? asOutage(error) : error
      })
      .finally(() => {
        obtaining = null
      })
    return obtaining
  }

  return {
    current: () => (kept !== null && clock() < kept.until ? Promise.resolve(kept.token) : obtainNew()),
    async renew(refused) {
      // Somebody else's call was refused before, and has renewed it, or is just doing so.
      if (kept !== null && kept.token !== refused) return kept.token
      if (obtaining !== null) return obtaining
      if (isRecent(renewedAt, clock(), renewEvery)) return null
      kept = null
      const token = await obtainNew()
      renewedAt = clock()
      return token
    },
    ...words,
  }
}
