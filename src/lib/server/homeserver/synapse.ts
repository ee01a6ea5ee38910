import * as v from 'valibot'
import type { Homeserver } from './homeserver'
import { createSynapseAccounts } from './synapse-accounts'
import { createSynapseAddresses } from './synapse-addresses'
import { givenToken } from './access-token'
import { wrongSetUp } from './answer-errors'
import type { ServerOptions } from './server-call'
import { createSynapseCall } from './synapse-call'
import { createSynapseConsent } from './synapse-consent'
import { createSynapseNames } from './synapse-names'
import { createSynapseRooms } from './synapse-rooms'
import { ASK_WHO, createSynapseServer } from './synapse-server'
import { createSynapseSuspension } from './synapse-suspension'
import { createWriter } from './writer'

export interface SynapseOptions extends Omit<ServerOptions, 'timeout'> {
  /** The part of its Matrix IDs after the colon. */
  domain: string
  /** Access token of a server administrator. */
  token: string
  /** Synapse's `form_secret`, without which consent cannot be recorded. */
  formSecret?: string
  timeout?: number
}

/** Milliseconds for one call, unless something else is asked for. */
export const CALL_TIMEOUT_MS = 20_000

const policySchema = v.object({
  'm.minimum_length': v.optional(v.number()),
  'm.require_digit': v.optional(v.boolean()),
  'm.require_symbol': v.optional(v.boolean()),
  'm.require_lowercase': v.optional(v.boolean()),
  'm.require_uppercase': v.optional(v.boolean()),
})

/**
 * Synapse (measured with 1.160) through its admin and client APIs. Stateless except for open connections, which close
 * by themselves. Throws at once only if the certificate file cannot be read.
 */
export const createSynapse = (options: SynapseOptions): Homeserver =>
  createSynapseHomeserver(connectSynapse(options))

/** Synapse, and the token that it is called with. Throws at once only if the certificate file cannot be read. */
export function connectSynapse({
  token,
  domain,
  formSecret,
  timeout = CALL_TIMEOUT_MS,
  ...options
}: SynapseOptions) {
  const access = givenToken(token)
  return { domain, formSecret, access, synapse: createSynapseCall({ ...options, timeout, token: access }) }
}

/** The same on a connection. */
export function createSynapseHomeserver({
  synapse,
  access: admin,
  domain,
  formSecret,
}: ReturnType<typeof connectSynapse>): Homeserver {
  const { grant, call, parse } = synapse
  const { whoAmI, serverVersion, issuer } = createSynapseServer(synapse)

  return {
    domain,
    ...createSynapseAccounts(synapse, domain),
    ...createSynapseNames(synapse),
    ...createSynapseAddresses(synapse, domain),
    ...createSynapseSuspension(synapse, domain),
    ...createSynapseRooms(synapse, domain, admin),
    ...createWriter(synapse, domain, { invite: admin.owner }),
    recordsConsent: true,
    ...createSynapseConsent(synapse, { domain, formSecret, whoAmI }),

    async passwordPolicy() {
      const path = '/_matrix/client/v3/password_policy'
      const policy = await grant(policySchema, 'GET', path, 'read the password policy')
      const minimumLength = policy['m.minimum_length']
      return {
        ...(minimumLength === undefined ? {} : { minimumLength }),
        ...(policy['m.require_digit'] ? { requireDigit: true } : {}),
        ...(policy['m.require_symbol'] ? { requireSymbol: true } : {}),
        ...(policy['m.require_lowercase'] ? { requireLowercase: true } : {}),
        ...(policy['m.require_uppercase'] ? { requireUppercase: true } : {}),
      }
    },

    async identity() {
      const { userId } = await whoAmI()
      const version = await serverVersion()
      // The version is public; this is not.
      const reply = await call('GET', `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/admin`, ASK_WHO)
      if (!reply.granted && reply.status !== 403) throw reply.error
      const admin = reply.granted && parse(v.object({ admin: v.boolean() }), reply.body, ASK_WHO).admin
      return { userId, admin, version }
    },

    async accountsManagedBy() {
      const delegatedTo = await issuer()
      if (delegatedTo === null) return 'The homeserver manages its accounts itself'
      throw wrongSetUp(
        'delegated',
        `synapse.server leaves its accounts to another service (${delegatedTo}: matrix-authentication-service, MAS), where accounts that are created through Synapse's admin API cannot sign in; nothing was changed there. Set mas.server, mas.client_id and mas.client_secret (docs/mas.md).`,
      )
    },
  }
}
