import * as v from 'valibot'
import type { Homeserver } from './homeserver'
import { createSynapseAccounts } from './synapse-accounts'
import { createSynapseAddresses } from './synapse-addresses'
import { createSynapseCall, type CallTaken } from './synapse-call'
import { createSynapseConsent } from './synapse-consent'
import { parseJson, wrongSetUp } from './synapse-errors'
import { createSynapseRooms } from './synapse-rooms'

export interface SynapseOptions {
  /** Synapse's URL; a path in it is kept. */
  url: string
  /** The part of its Matrix IDs after the colon. */
  domain: string
  /** Access token of a server administrator. */
  token: string
  /** Synapse's `form_secret`, without which consent cannot be recorded. */
  formSecret?: string
  /** `true`: verify certificates; `false`: do not; else a PEM file's path, or its text: the only CAs to trust. */
  verifyCert: boolean | string
  /** Milliseconds for one call, from its start to the end of its answer. */
  timeout?: number
  /** Told of every call that was answered or failed. */
  onCall?: ((call: CallTaken) => void) | undefined
}

const WHO_AM_I = '/_matrix/client/v3/account/whoami'
const SERVER_VERSION = '/_synapse/admin/v1/server_version'
const ASK_WHO = 'check our access token'
/** Matrix 1.15, and MSC2965 before: 404 `M_UNRECOGNIZED` if Synapse manages its accounts itself (1.160). */
const METADATA = [
  '/_matrix/client/v1/auth_metadata',
  '/_matrix/client/unstable/org.matrix.msc2965/auth_metadata',
]
const LONGEST_ISSUER = 200

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
export function createSynapse({
  url,
  domain,
  token,
  formSecret,
  verifyCert,
  timeout = 20_000,
  onCall,
}: SynapseOptions): Homeserver {
  const synapse = createSynapseCall({ url, token, verifyCert, timeout, onCall })
  const { grant, call, parse, send } = synapse
  const accounts = createSynapseAccounts(synapse, domain)

  async function whoAmI(): Promise<{ userId: string }> {
    const { user_id: userId } = await grant(v.object({ user_id: v.string() }), 'GET', WHO_AM_I, ASK_WHO)
    return { userId }
  }

  /**
   * Once the client API has answered, a proxy that blocks the admin API is distinguished from an unavailable server.
   */
  async function serverVersion(): Promise<string> {
    const headers = { accept: 'application/json' }
    const { status, body } = await send({ method: 'GET', path: SERVER_VERSION, headers }, ASK_WHO)
    const read = v.safeParse(v.object({ server_version: v.string() }), parseJson(body))
    if (status === 200 && read.success) return read.output.server_version
    const { origin } = new URL(url)
    throw wrongSetUp(
      'set_up',
      `${origin} is a homeserver, but does not answer at /_synapse/admin (${status}): a proxy in front blocks it. Set synapse.server to Synapse's own address, or let the proxy pass /_synapse/admin on for this machine.`,
    )
  }

  return {
    domain,
    ...accounts,
    ...createSynapseAddresses(synapse, domain),
    ...createSynapseRooms(synapse, domain),
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

    async delegatesTo() {
      for (const path of METADATA) {
        const headers = { accept: 'application/json' }
        const { status, body } = await send(
          { method: 'GET', path, headers },
          'check who manages the accounts',
        )
        const metadata = v.safeParse(v.object({ issuer: v.string() }), parseJson(body))
        if (status === 200 && metadata.success) return metadata.output.issuer.slice(0, LONGEST_ISSUER)
      }
      return null
    },
  }
}
