import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import type { Role } from '$lib/moderation/moderator'
import { compose, type Services } from '$lib/server/app'
import type { SignedInModerator } from '$lib/server/auth/sessions'
import { homeserverOptions } from '$lib/server/config/homeserver-options'
import type { RunConfig } from '$lib/server/config/run-config'
import { createBotStore } from '$lib/server/database/room-bot'
import type { Homeserver } from '$lib/server/homeserver/homeserver'
import { connectHomeserver } from '$lib/server/homeserver/connect'
import { startStandIn } from '../../src/stand-in/homeserver'
import type { AdminRoom } from '$lib/server/jobs/run'
import type { Letter, Mail, Mailer, MailError } from '$lib/server/mail/mail'
import { createProofs, type ProofPurpose } from '$lib/server/intake/proof-of-work'
import { createApi, type Api } from '$lib/server/trpc/router'
import { configFile, configOf } from './config-file'
import { openTestDatabase } from './database'
import { NOON } from './registration'

export const DOMAIN = 'example.test'
export const PASSWORD = 'a pass phrase of some length'
export const REASON = 'I know two people from the repair café who are on your server.'

/** The defaults of every setting, with what tests need otherwise; change what matters. */
export function aConfig(change: Partial<RunConfig> = {}): RunConfig {
  const defaults = configOf(
    configFile({
      synapse: { admin_token: 'token', server: 'http://127.0.0.1', domain: DOMAIN },
      hosts: ['register.example.test'],
      site: { name: 'Example' },
      email: {
        host: '127.0.0.1',
        port: 25,
        ssl: null,
        username: null,
        password: null,
        from: 'desk@example.test',
      },
      admin: { email: ['moderators@example.test'] },
      log: { level: 'silent' },
    }),
  )
  return {
    ...defaults,
    secretKey: 'test-secret',
    email: { ...defaults.email, subjectPrefix: '' },
    rateLimit: { ...defaults.rateLimit, emailSubmission: 1000, everybodyPerMinute: 100_000 },
    registration: {
      ...defaults.registration,
      reservedUsernames: ['admin'],
      maxWaiting: null,
      maxPerDay: null,
    },
    moderation: { ...defaults.moderation, undoMs: 0 },
    ...change,
  }
}

/** The moderators' room as it is by default; change what matters. */
export const anAdminRoom = (change: Partial<AdminRoom> = {}): AdminRoom => ({
  room: `#moderators:${DOMAIN}`,
  template: null,
  decide: 'off',
  details: false,
  ...change,
})

/** A mailer that keeps what it is given; `refuse` makes it fail. */
export class Mailbox implements Mailer {
  readonly letters: Letter[] = []
  refuse: MailError | null = null

  send(letter: Letter): Promise<void> {
    if (this.refuse !== null) return Promise.reject(this.refuse)
    this.letters.push(letter)
    return Promise.resolve()
  }

  check(): Promise<void> {
    return this.refuse === null ? Promise.resolve() : Promise.reject(this.refuse)
  }

  close(): void {
    this.letters.length = 0
  }

  kinds(to: string): Mail['kind'][] {
    return this.letters.filter((letter) => letter.to.includes(to)).map(({ mail }) => mail.kind)
  }

  /** The newest mail of a kind to an address. */
  last<K extends Mail['kind']>(to: string, kind: K): Extract<Mail, { kind: K }> {
    const isKind = (mail: Mail): mail is Extract<Mail, { kind: K }> => mail.kind === kind
    for (const { mail } of this.letters.filter((letter) => letter.to.includes(to)).reverse())
      if (isKind(mail)) return mail
    throw new Error(`No mail ${kind} to ${to}: ${this.kinds(to).join(', ')}`)
  }
}

export type TestWorld = Awaited<ReturnType<typeof aWorld>>

/** Everything but the network: a real database file, the real Synapse client on a stand-in, a clock that is set. */
export async function aWorld(
  change: Partial<RunConfig> = {},
  wrap: (homeserver: Homeserver) => Homeserver = (same) => same,
  real:
    | { url: string; domain: string; token: string; formSecret: string; timeout?: number }
    | { url: string; homeserver: Homeserver }
    | null = null,
) {
  const { database, url, dispose } = await openTestDatabase()
  const standIn = await startStandIn({
    domain: DOMAIN,
    token: 'token',
    formSecret: 'form-secret',
    consentVersion: '1.0',
  })
  const mailbox = new Mailbox()
  let now = NOON
  const config = aConfig(change)
  const synapse = real ?? { url: standIn.url, domain: DOMAIN, token: 'token', formSecret: 'form-secret' }
  const { homeserver, roomReader } =
    'homeserver' in synapse
      ? { homeserver: synapse.homeserver, roomReader: null }
      : connectHomeserver({
          ...homeserverOptions(
            config,
            createBotStore({ database, secretKey: config.secretKey, clock: () => now }),
          ),
          mas: null,
          timeout: real === null ? 2_000 : 20_000,
          ...synapse,
        })
  const world = {
    database,
    homeserver: wrap(homeserver),
    roomReader,
    mailer: mailbox,
    clock: () => now,
    random: () => 0.5,
    log: pino({ level: 'silent' }),
  }
  const services = compose(config, world)
  return {
    services,
    /** The same database and world, as another process would open them. */
    another: (change: Partial<RunConfig> = {}) => compose({ ...config, ...change }, world),
    database,
    url,
    standIn,
    homeserver,
    homeserverUrl: synapse.url,
    mailbox,
    config,
    now: () => now,
    pass(ms: number) {
      now += ms
    },
    /** Runs jobs until none is due. */
    drain: () => services.worker.drain(),
    async dispose() {
      await services.worker.stop(0)
      await standIn.close()
      await dispose()
    },
  }
}

/** A browser: cookies of its own, an address, a language. */
export function aBrowser(
  services: Services,
  change: {
    clientAddress?: string
    language?: 'en' | 'de'
    moderator?: SignedInModerator
    comeAgain?: (seconds: number) => void
  } = {},
) {
  const jar = new Map<string, string>()
  const api: Api = createApi({
    services,
    clientAddress: change.clientAddress ?? '203.0.113.7',
    language: change.language ?? 'en',
    moderator: change.moderator ?? null,
    comeAgain: change.comeAgain,
    cookies: {
      get: (name) => jar.get(name),
      set: (name, value) => void jar.set(name, value),
      delete: (name) => void jar.delete(name),
    },
  })
  return { api: asItsPages(api), jar }
}

/** The calls of an applicant's forms say whom their page shows: here whom a page would that was loaded just now. */
const FORMS = ['request', 'setPassword', 'chooseUsername', 'withdraw', 'answer', 'speak'] as const

function asItsPages(api: Api): Api {
  const { registration } = api
  const filled = FORMS.map((name) => {
    const call: (input: never) => Promise<unknown> = registration[name]
    const asShown = async (input: object) => {
      const shown = 'token' in input ? undefined : (await registration.current())?.shown
      return Reflect.apply(call, registration, [{ shown, ...input }]) as Promise<unknown>
    }
    return [name, asShown] as const
  })
  const forms = new Map<PropertyKey, unknown>(filled)
  const pages = new Proxy(registration, {
    get: (target, name, receiver): unknown => forms.get(name) ?? Reflect.get(target, name, receiver),
  })
  return new Proxy(api, {
    get: (target, name, receiver): unknown =>
      name === 'registration' ? pages : Reflect.get(target, name, receiver),
  })
}

/** A moderator who is signed in. */
export async function aModerator(
  services: Services,
  username = `mod-${randomUUID().slice(0, 8)}`,
  role: Role = 'moderator',
) {
  const made = await services.moderators.create({
    username,
    email: `${username}@example.test`,
    password: 'a moderators password',
    role,
  })
  if (!made.ok) throw new Error(made.problem)
  const { id, shortcuts } = made.moderator
  return { id, ...aBrowser(services, { moderator: { id, username, role, shortcuts, lately: true } }) }
}

export const tokenIn = (link: string): string => new URL(link).pathname.split('/').at(-1) ?? ''

/** What a form carries that somebody took ten seconds to fill in. */
export const aForm = ({ config, now }: TestWorld, purpose: ProofPurpose = 'start'): Promise<string> =>
  createProofs({ secret: config.secretKey, clock: () => now() - 10_000 }).make(purpose, false)

/** Brings an applicant to where the address is confirmed. */
export async function verified(world: TestWorld, username: string, email = `${username}@mail.test`) {
  const browser = aBrowser(world.services)
  await browser.api.registration.start({ username, email, proof: await aForm(world) })
  await world.drain()
  const { link } = world.mailbox.last(email, 'verification')
  const view = await browser.api.verification.confirm({ token: tokenIn(link) })
  return { ...browser, email, view }
}

/** Brings an applicant to where a moderator decides. */
export async function requested(world: TestWorld, username: string, email?: string) {
  const applicant = await verified(world, username, email)
  const view = await applicant.api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
  await world.drain()
  return { ...applicant, view }
}

/** What an operator does by hand at the homeserver. */
export async function asAdmin(
  world: TestWorld,
  method: string,
  userId: string,
  body: object,
): Promise<number> {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`
  const headers = { authorization: 'Bearer token', 'content-type': 'application/json' }
  return (await fetch(world.standIn.url + path, { method, headers, body: JSON.stringify(body) })).status
}

/** Whether an account can sign in at the homeserver: its error code, or `in`. */
export async function signInToMatrix(world: TestWorld, user: string, password = PASSWORD): Promise<string> {
  const body = JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user }, password })
  const response = await fetch(`${world.homeserverUrl}/_matrix/client/v3/login`, { method: 'POST', body })
  const answer: unknown = await response.json()
  if (response.ok) return 'in'
  return typeof answer === 'object' && answer !== null && 'errcode' in answer
    ? String(answer.errcode)
    : 'failed'
}
