/** The access token that a server is called with. Never in a log, nor in an error. */
export interface AccessToken {
  /** The one to use now. `task` completes "Could not …" in the errors of getting it; throws `HomeserverError`. */
  current(task: string): Promise<string>
  /** Another one in the place of one that was refused, or null if there is none. Throws `HomeserverError`. */
  renew(refused: string, task: string): Promise<string | null>
  /** What an operator does if it is refused all the same. */
  readonly remedy: string
  /** The account that it belongs to, as a message names it: `the account of synapse.admin_token`. */
  readonly owner: string
}

/** `synapse.admin_token`, which nobody can renew. */
export const givenToken = (token: string): AccessToken => ({
  current: () => Promise.resolve(token),
  renew: () => Promise.resolve(null),
  remedy: 'Set synapse.admin_token to a valid token of a server administrator.',
  owner: 'the account of synapse.admin_token',
})

/**
 * One that is fetched when it is needed, kept until shortly before it ends, and fetched once for all callers. `obtain`
 * answers the token, and until when it can be used (milliseconds since 1970).
 */
export function keptToken({
  obtain,
  clock,
  ...words
}: {
  obtain: (task: string) => Promise<{ token: string; until: number }>
  clock: () => number
} & Pick<AccessToken, 'remedy' | 'owner'>): AccessToken {
  let kept: { token: string; until: number } | null = null
  let obtaining: Promise<string> | null = null

  function obtainNew(task: string): Promise<string> {
    obtaining ??= obtain(task)
      .then((token) => {
        kept = token
        return token.token
      })
      .finally(() => {
        obtaining = null
      })
    return obtaining
  }

  return {
    current: (task) =>
      kept !== null && clock() < kept.until ? Promise.resolve(kept.token) : obtainNew(task),
    renew(refused, task) {
      // Somebody else's call was refused before, and has renewed it.
      if (kept !== null && kept.token !== refused) return Promise.resolve(kept.token)
      kept = null
      return obtainNew(task)
    },
    ...words,
  }
}
