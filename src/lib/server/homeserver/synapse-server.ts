import * as v from 'valibot'
import { parseJson, wrongSetUp } from './answer-errors'
import type { SynapseCall } from './synapse-call'

const WHO_AM_I = '/_matrix/client/v3/account/whoami'
const SERVER_VERSION = '/_synapse/admin/v1/server_version'
export const ASK_WHO = 'check our access token'
/** Matrix 1.15, and MSC2965 before: 404 `M_UNRECOGNIZED` if Synapse manages its accounts itself (1.160). */
const METADATA = [
  '/_matrix/client/v1/auth_metadata',
  '/_matrix/client/unstable/org.matrix.msc2965/auth_metadata',
]
const LONGEST_ISSUER = 200
const headers = { accept: 'application/json' }

/** What a Synapse says of itself, and of the access token. */
export function createSynapseServer({ server, send, grant }: SynapseCall) {
  return {
    /** The account of the access token; `device` is null if the token has none (1.160: no messages can be sent then). */
    async whoAmI(): Promise<{ userId: string; device: string | null }> {
      const schema = v.object({ user_id: v.string(), device_id: v.nullish(v.string(), null) })
      const { user_id: userId, device_id: device } = await grant(schema, 'GET', WHO_AM_I, ASK_WHO)
      return { userId, device }
    },

    /**
     * Once the client API has answered, a proxy that blocks the admin API is distinguished from an unavailable server.
     */
    async serverVersion(): Promise<string> {
      const { status, body } = await send({ method: 'GET', path: SERVER_VERSION, headers }, ASK_WHO)
      const read = v.safeParse(v.object({ server_version: v.string() }), parseJson(body))
      if (status === 200 && read.success) return read.output.server_version
      throw wrongSetUp(
        'set_up',
        `${server.origin} is a homeserver, but does not answer at /_synapse/admin (${status}): a proxy in front blocks it. Set synapse.server to Synapse's own address, or let the proxy pass /_synapse/admin on for this machine.`,
      )
    },

    /** The issuer that it leaves its accounts to (MSC3861, MAS), or null if it manages them itself. */
    async issuer(): Promise<string | null> {
      for (const path of METADATA) {
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
