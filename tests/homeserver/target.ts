import { randomBytes } from 'node:crypto'
import { createClient } from '@libsql/client'
import * as v from 'valibot'
import { expect, vi } from 'vitest'
import type { Homeserver, HomeserverError, HomeserverErrorKind } from '$lib/server/homeserver/homeserver'
import { startStandIn, type StandInOptions } from '../../src/stand-in/homeserver'
import type { HomeserverInspection } from '$lib/server/homeserver/inspection'
import { createSynapse, type SynapseOptions } from '$lib/server/homeserver/synapse'
import type { BotOptions } from '$lib/server/homeserver/bot'
import { connectHomeserver, type Connected } from '$lib/server/homeserver/connect'
import { givenToken } from '$lib/server/homeserver/access-token'
import { createSynapseInspection } from '$lib/server/homeserver/synapse-inspection'
import { matrixId, type Username } from '$lib/registration/username'
import { errorOf } from '../support/homeserver-error'
import { username } from '../support/registration'

/** Settings of a homeserver that change what it answers. */
const VARIANTS = {
  auto_join: { autoJoinRooms: ['#welcome:stand-in.test'] },
  require_consent: { autoJoinRooms: ['#welcome:stand-in.test'], requireConsent: true },
  default_type: { defaultUserType: 'member' },
  exclusive: { exclusive: /^bridge-/ },
  policy: {
    passwordPolicy: {
      'm.minimum_length': 14,
      'm.require_digit': true,
      'm.require_symbol': true,
      'm.require_lowercase': true,
      'm.require_uppercase': true,
    },
  },
  no_passwords: { passwords: false },
  limits: { rateLimits: true },
  directory: { listsRooms: true },
  other_policy: { otherVersions: ['0.9'] },
  open_registration: { registration: 'open' },
  token_registration: { registration: 'token' },
  single_sign_on: { providers: ['GitHub', 'GitLab'] },
  delegating: { delegatesTo: 'https://auth.stand-in.test/' },
} satisfies Record<string, Partial<StandInOptions>>
export type Variant = keyof typeof VARIANTS

const objectSchema = v.record(v.string(), v.unknown())

export interface Raw {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

/** A homeserver that the facts are checked on: through our own client, and by calls as they are. */
export interface Target {
  homeserver: Homeserver
  domain: string
  url: string
  admin: string
  token: string
  /** Whether a lock is told to whoever tries a wrong password, too. */
  showsLock: boolean
  formSecret: string
  consentVersion: string
  /** Another client of the same server. */
  client(change: Partial<SynapseOptions>): Homeserver
  /** Another client, which speaks in rooms as an account of its own. */
  speakingAs(bot: BotOptions, clock?: () => number): Connected
  /** What a check of the set-up asks it, with the administrator's token unless another is given. */
  inspection(token?: string): HomeserverInspection
  /** With the administrator's token, unless another is given; '' for none. */
  raw(method: string, path: string, body?: object | string, token?: string): Promise<Raw>
  /** The same kind of server with other settings, or null where none is at hand. Closed with this one. */
  variant(name: Variant): Promise<Target | null>
  /** Puts an account there as Synapse made them before 0.27, with capitals; false where that cannot be done. */
  oldAccount(localpart: string): Promise<boolean>
  close(): Promise<void>
}

function target(
  server: {
    url: string
    domain: string
    token: string
    admin: string
    formSecret: string
    consentVersion: string
  },
  variant: Target['variant'],
  oldAccount: Target['oldAccount'],
  close: () => Promise<void>,
): Target {
  const { url, domain, token, formSecret } = server
  const client = (change: Partial<SynapseOptions>) =>
    createSynapse({ url, domain, token, formSecret, verifyCert: true, ...change })
  return {
    ...server,
    showsLock: false,
    client,
    inspection: (as = token) =>
      createSynapseInspection({ url, token: givenToken(as), verifyCert: true, timeout: 20_000 }),
    speakingAs: (bot, clock = Date.now) =>
      connectHomeserver({ url, domain, token, formSecret, verifyCert: true, mas: null, bot, clock }),
    homeserver: client({}),
    variant,
    oldAccount,
    close,
    raw: rawOf(url, token),
  }
}

/** Calls of a server as they are. */
export const rawOf =
  (url: string, token: string): Target['raw'] =>
  async (method, path, body, as = token) => {
    const answer = await fetch(url + path, {
      method,
      headers: as === '' ? {} : { authorization: `Bearer ${as}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const json = answer.headers.get('content-type')?.startsWith('application/json')
    return {
      status: answer.status,
      headers: answer.headers,
      body: json ? v.parse(objectSchema, JSON.parse(text)) : { text },
    }
  }

export async function standInTarget(options: Partial<StandInOptions> = {}): Promise<Target> {
  const server = {
    domain: 'stand-in.test',
    token: 'admin-token',
    formSecret: 'form-secret',
    consentVersion: '1.0',
  }
  const standIn = await startStandIn({ ...server, ...options })
  const variants: Target[] = []
  return target(
    { ...server, url: standIn.url, admin: `@admin:${server.domain}` },
    async (name) => {
      const made = await standInTarget(VARIANTS[name])
      variants.push(made)
      return made
    },
    (localpart) => {
      const [any] = standIn.users.values()
      const id = `@${localpart}:${server.domain}`
      if (any !== undefined) standIn.users.set(id, { ...any, id, localpart, admin: false })
      return Promise.resolve(standIn.users.has(id))
    },
    async () => {
      for (const made of variants) await made.close()
      await standIn.close()
    },
  )
}

/**
 * A real Synapse that is named by SYNAPSE_URL, _DOMAIN, _ADMIN_TOKEN, _ADMIN_USER, _FORM_SECRET and _CONSENT_VERSION.
 * SYNAPSE_SETTINGS tells which variants it is, if any: "auto_join policy". SYNAPSE_DATABASE, its SQLite file, lets old
 * accounts be put there that no API makes any more.
 */
export async function synapseTarget(): Promise<Target> {
  const from = (name: string, otherwise = '') => process.env[`SYNAPSE_${name}`] ?? otherwise
  const settings = from('SETTINGS').split(/\W+/)
  const made: Target = target(
    {
      url: from('URL'),
      domain: from('DOMAIN'),
      token: from('ADMIN_TOKEN'),
      admin: from('ADMIN_USER'),
      formSecret: from('FORM_SECRET'),
      consentVersion: from('CONSENT_VERSION', '1.0'),
    },
    (name) => Promise.resolve(settings.includes(name) ? made : null),
    async (localpart) => {
      if (from('DATABASE') === '') return false
      const client = createClient({ url: `file:${from('DATABASE')}` })
      const sql = `insert into users (name, creation_ts, admin, is_guest) values (?, 1500000000, 0, 0)`
      await client.execute({ sql, args: [`@${localpart}:${from('DOMAIN')}`] })
      client.close()
      return true
    },
    async () => {
      if (!settings.includes('limits')) await made.raw('DELETE', limits)
    },
  )
  // Else ten rooms would be made in a quarter of an hour, also by an administrator.
  const limits = `/_synapse/admin/v1/users/${made.admin}/override_ratelimit`
  if (!settings.includes('limits')) await made.raw('POST', limits, { messages_per_second: 0, burst_count: 0 })
  if (!settings.includes('no_passwords')) await ready(made)
  return made
}

/** In the first half minute of its life, Synapse builds an index without which it answers 500 to bringing accounts back. */
async function ready({ homeserver, raw }: Target): Promise<void> {
  const name = aName()
  await homeserver.claim(name)
  await homeserver.remove(name)
  await vi.waitFor(
    async () => {
      const path = `/_synapse/admin/v2/users/${matrixId(name, homeserver.domain)}`
      expect((await raw('PUT', path, { deactivated: false, password: aPassword() })).status).toBe(200)
    },
    { timeout: 90_000, interval: 1_000 },
  )
}

/** A name that nobody has. */
export const aName = (start = 'contract-'): Username => username(start + randomBytes(6).toString('hex'))
export const aPassword = () => `Pw.1${randomBytes(12).toString('hex')}`

/** Where the admin API has an account. */
export const at = (username: Username, { domain }: Target) =>
  `/_synapse/admin/v2/users/${encodeURIComponent(matrixId(username, domain))}`

/** An account as an applicant's waits for the decision. */
export async function waiting({ homeserver }: Target, password = aPassword()): Promise<Username> {
  const name = aName()
  await homeserver.claim(name)
  await homeserver.lock(name)
  await homeserver.fill(name, password)
  return name
}

/** An account whose owner can log in. */
export async function opened(target: Target, password = aPassword()): Promise<Username> {
  const name = await waiting(target, password)
  await target.homeserver.open(name)
  return name
}

/** Brings an account back, once its removal is through. */
export async function revived({ homeserver }: Target, name: Username): Promise<void> {
  await vi.waitFor(() => homeserver.revive(name), { timeout: 30_000, interval: 50 })
}

/** Answers an access token, or the error code. */
export async function logIn(
  { raw }: Target,
  user: string,
  password: string,
): Promise<{ token?: string; errcode?: string }> {
  const identifier = { type: 'm.id.user', user }
  const { body } = await raw(
    'POST',
    '/_matrix/client/v3/login',
    { type: 'm.login.password', identifier, password },
    '',
  )
  const { access_token: token, errcode } = body
  return typeof token === 'string' ? { token } : { errcode: String(errcode) }
}

/** The error of a call that has to fail in this way. */
export async function failure(
  call: Promise<unknown>,
  kind: HomeserverErrorKind,
  permanent: boolean,
): Promise<HomeserverError> {
  const error = await errorOf(call)
  expect({ kind: error.kind, permanent: error.permanent }, error.message).toEqual({ kind, permanent })
  return error
}
