import { HomeserverError, type Homeserver } from './homeserver'
import { wrongSetUp } from './answer-errors'

/** Whether an operator must fix the configuration, here or on the homeserver, before anything works. */
export const isWrongSetUp = (error: unknown): error is HomeserverError =>
  error instanceof HomeserverError &&
  (error.kind === 'token' || error.kind === 'set_up' || error.kind === 'delegated')

/**
 * What is wrong with the account of the access token, with key and remedy, or null: `set_up` if it is on another
 * homeserver than `domain`, `token` if it is no administrator's.
 */
export function identityProblem(
  { userId, admin }: { userId: string; admin: boolean },
  domain: string,
): HomeserverError | null {
  const there = userId.slice(userId.indexOf(':') + 1)
  if (there !== domain)
    return wrongSetUp(
      'set_up',
      `synapse.domain is ${domain}, but the homeserver at synapse.server says that its name is ${there}. Set synapse.domain to ${there}, or synapse.server and synapse.admin_token to those of ${domain}.`,
    )
  if (admin) return null
  return new HomeserverError(
    'token',
    `synapse.admin_token belongs to ${userId}, who is not a server administrator. Set synapse.admin_token to a server administrator's token.`,
    {
      permanent: true,
      outage: true,
      why: "synapse.admin_token belongs to an account that is not a server administrator. Set synapse.admin_token to a server administrator's token.",
    },
  )
}

/**
 * Checks whether configuration and homeserver match, and changes nothing. Throws `HomeserverError`, with the key and
 * the remedy: `delegated`, `token`, `set_up`; or another kind if the homeserver is unavailable.
 */
export async function checkSetUp(homeserver: Homeserver): Promise<void> {
  await homeserver.accountsManagedBy()
  const problem = identityProblem(await homeserver.identity(), homeserver.domain)
  if (problem !== null) throw problem
}
