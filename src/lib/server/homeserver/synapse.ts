import { createHmac } from 'node:crypto'
import * as v from 'valibot'
import { matrixId } from '$lib/registration/username'
import type { Homeserver } from './homeserver'
import { createSynapseAccounts } from './synapse-accounts'
import { createSynapseAddresses } from './synapse-addresses'
import { createSynapseCall } from './synapse-call'
import { missing, refused } from './synapse-errors'
import { createSynapseRooms } from './synapse-rooms'

export interface SynapseOptions {
  /** Where Synapse answers; a path in it is kept. */
  url: string
  /** What stands after the colon in its Matrix IDs. */
  domain: string
  /** Access token of a server administrator. */
  token: string
  /** Synapse's `form_secret`, without which no consent can be recorded. */
  formSecret?: string
  /** `true`: check certificates; `false`: do not; else a PEM file's path, or its text: the only CAs to trust. */
  verifyCert: boolean | string
  /** Milliseconds for one call, from its start to the end of its answer. */
  timeout?: number
}

const policySchema = v.object({
  'm.minimum_length': v.optional(v.number()),
  'm.require_digit': v.optional(v.boolean()),
  'm.require_symbol': v.optional(v.boolean()),
  'm.require_lowercase': v.optional(v.boolean()),
  'm.require_uppercase': v.optional(v.boolean()),
})

/**
 * Synapse (measured with 1.160) by its admin and client APIs. Holds no state but open connections, which end by
 * themselves. Throws at once only when the file of certificates cannot be read.
 */
export function createSynapse({
  url,
  domain,
  token,
  formSecret,
  verifyCert,
  timeout = 20_000,
}: SynapseOptions): Homeserver {
  const synapse = createSynapseCall({ url, token, verifyCert, timeout })
  const { grant, call, parse, send } = synapse
  const accounts = createSynapseAccounts(synapse, domain)

  return {
    domain,
    ...accounts,
    ...createSynapseAddresses(synapse, domain),
    ...createSynapseRooms(synapse, domain),

    async passwordPolicy() {
      const path = '/_matrix/client/v3/password_policy'
      const policy = await grant(policySchema, 'GET', path, 'ask for the rules for passwords')
      const minimumLength = policy['m.minimum_length']
      return {
        ...(minimumLength === undefined ? {} : { minimumLength }),
        ...(policy['m.require_digit'] ? { requireDigit: true } : {}),
        ...(policy['m.require_symbol'] ? { requireSymbol: true } : {}),
        ...(policy['m.require_lowercase'] ? { requireLowercase: true } : {}),
        ...(policy['m.require_uppercase'] ? { requireUppercase: true } : {}),
      }
    },

    async consent(username, version) {
      const task = `record the consent of ${matrixId(username, domain)}`
      if (formSecret === undefined) throw refused(task, 'form_secret is not set')
      const hmac = createHmac('sha256', formSecret).update(username).digest('hex')
      const body = new URLSearchParams({ v: version, u: username, h: hmac }).toString()
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      }
      const { status } = await send({ method: 'POST', path: '/_matrix/consent', headers, body }, task)
      // The answer is a page for people, and may even be an error's when the consent is recorded: read it back.
      const account = await accounts.account(username)
      if (account === null) throw missing(task, 'there is no such account on the homeserver')
      if (account.consentVersion === version) return
      const remedy =
        "form_secret and consent_version have to be Synapse's, which needs a user_consent section"
      throw refused(task, `it did not arrive (${status}); ${remedy}`)
    },

    async identity() {
      const task = 'ask who we are to the homeserver'
      const [{ user_id: userId }, { server_version: version }] = await Promise.all([
        grant(v.object({ user_id: v.string() }), 'GET', '/_matrix/client/v3/account/whoami', task),
        grant(v.object({ server_version: v.string() }), 'GET', '/_synapse/admin/v1/server_version', task),
      ])
      // The version is told to everybody; this is not.
      const reply = await call('GET', `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/admin`, task)
      if (!reply.granted && reply.status !== 403) throw reply.error
      const admin = reply.granted && parse(v.object({ admin: v.boolean() }), reply.body, task).admin
      return { userId, admin, version }
    },
  }
}
