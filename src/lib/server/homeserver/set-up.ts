import { HomeserverError, type Homeserver } from './homeserver'
import { wrongSetUp } from './synapse-errors'

/** Whether an operator must fix the configuration, here or on the homeserver, before anything works. */
export const isWrongSetUp = (error: unknown): error is HomeserverError =>
  error instanceof HomeserverError &&
  (error.kind === 'token' || error.kind === 'set_up' || error.kind === 'delegated')

/**
 * Checks whether configuration and homeserver match, and changes nothing. Throws `HomeserverError`, with the key and
 * the remedy: `delegated`, `token`, `set_up`; or another kind if the homeserver is unavailable.
 */
export async function checkSetUp(homeserver: Homeserver): Promise<void> {
  const issuer = await homeserver.delegatesTo()
  if (issuer !== null)
    throw wrongSetUp(
      'delegated',
      `synapse.server delegates its accounts to another service (${issuer}: matrix-authentication-service, MAS), where accounts created through Synapse's admin API cannot sign in. This program does not support MAS yet; nothing was changed there.`,
    )
  const { userId, admin } = await homeserver.identity()
  const domain = userId.slice(userId.indexOf(':') + 1)
  if (domain !== homeserver.domain)
    throw wrongSetUp(
      'set_up',
      `synapse.domain is ${homeserver.domain}, but the homeserver at synapse.server says that its name is ${domain}. Set synapse.domain to ${domain}, or synapse.server and synapse.admin_token to those of ${homeserver.domain}.`,
    )
  if (!admin)
    throw new HomeserverError(
      'token',
      `synapse.admin_token belongs to ${userId}, who is not a server administrator. Set synapse.admin_token to a server administrator's token.`,
      { permanent: true, outage: true },
    )
}
