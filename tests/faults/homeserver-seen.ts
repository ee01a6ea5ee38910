import * as v from 'valibot'
import { startStandIn } from '../../src/stand-in/homeserver'

/** A homeserver, and how it is asked from outside: the program's own client is not trusted here. */
export type SeenHomeserver = Awaited<ReturnType<typeof openHomeserver>>

const FORM_SECRET = 'secret'
const CONSENT_VERSION = '1.0'

const realSchema = v.object({
  SYNAPSE_URL: v.string(),
  SYNAPSE_DOMAIN: v.string(),
  SYNAPSE_ADMIN_TOKEN: v.string(),
  SYNAPSE_FORM_SECRET: v.string(),
  SYNAPSE_CONSENT_VERSION: v.string(),
  SYNAPSE_AUTOJOIN_ROOM: v.string(),
  SYNAPSE_ADMIN_ROOM: v.string(),
})

const membersSchema = v.object({ joined_rooms: v.array(v.string()) })

const userSchema = v.object({
  locked: v.boolean(),
  suspended: v.boolean(),
  deactivated: v.boolean(),
  consent_version: v.optional(v.nullable(v.string())),
  threepids: v.array(v.object({ medium: v.string(), address: v.string() })),
})

/** The real Synapse that the environment names, or a stand-in. */
export async function openHomeserver() {
  const real = v.safeParse(realSchema, process.env)
  const standIn = real.success
    ? null
    : await startStandIn({
        domain: 'example.test',
        token: 'token',
        formSecret: FORM_SECRET,
        consentVersion: CONSENT_VERSION,
      })
  const settings = real.success
    ? {
        url: real.output.SYNAPSE_URL,
        domain: real.output.SYNAPSE_DOMAIN,
        token: real.output.SYNAPSE_ADMIN_TOKEN,
        formSecret: real.output.SYNAPSE_FORM_SECRET,
        consentVersion: real.output.SYNAPSE_CONSENT_VERSION,
        joinRoom: real.output.SYNAPSE_AUTOJOIN_ROOM,
        adminRoom: real.output.SYNAPSE_ADMIN_ROOM,
      }
    : {
        url: standIn?.url ?? '',
        domain: 'example.test',
        token: 'token',
        formSecret: FORM_SECRET,
        consentVersion: CONSENT_VERSION,
        joinRoom: '#lobby:example.test',
        adminRoom: '#moderators:example.test',
      }

  async function call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(settings.url + path, {
      method,
      headers: { authorization: `Bearer ${settings.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const at = (localpart: string) =>
    `/_synapse/admin/v2/users/${encodeURIComponent(`@${localpart}:${settings.domain}`)}`

  if (real.success) {
    // Synapse lets nobody open more than a few chats in a row; what is tested here is something else.
    const { body } = await call('GET', '/_matrix/client/v3/account/whoami')
    const { user_id } = v.parse(v.object({ user_id: v.string() }), body)
    const path = `/_synapse/admin/v1/users/${encodeURIComponent(user_id)}/override_ratelimit`
    await call('POST', path, { messages_per_second: 0, burst_count: 0 })
  }

  return {
    ...settings,
    name: real.success ? 'a real Synapse' : 'the stand-in',
    /** How config.yaml names it. */
    config: {
      synapse: { server: settings.url, domain: settings.domain, admin_token: settings.token },
    } as Record<string, unknown>,
    /** What config.yaml needs for consent to be recorded. */
    consentConfig: {
      consent_version: settings.consentVersion,
      form_secret: settings.formSecret,
    } as Record<string, unknown>,

    /** All that the homeserver says of an account, or null. */
    async record(localpart: string): Promise<unknown> {
      const { status, body } = await call('GET', at(localpart))
      return status === 404 ? null : body
    },

    async user(localpart: string) {
      const { status, body } = await call('GET', at(localpart))
      return status === 404 ? null : v.parse(userSchema, body)
    },

    /** An account of somebody else's, made by the operator. */
    async makeAccount(localpart: string, password: string): Promise<void> {
      const { status } = await call('PUT', at(localpart), { password })
      if (status !== 201) throw new Error(`The homeserver did not make ${localpart} (${status})`)
    },

    async mayComeIn(localpart: string, password: string): Promise<boolean> {
      const { status } = await call('POST', '/_matrix/client/v3/login', {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: localpart },
        password,
      })
      return status === 200
    },

    async rooms(localpart: string): Promise<string[]> {
      const id = encodeURIComponent(`@${localpart}:${settings.domain}`)
      const { body } = await call('GET', `/_synapse/admin/v1/users/${id}/joined_rooms`)
      return v.parse(membersSchema, body).joined_rooms
    },

    async close(): Promise<void> {
      await standIn?.close()
    },
  }
}
