import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as en from '@zxcvbn-ts/language-en'
import * as v from 'valibot'
import type { MasStandInUser, MasState } from './mas-state'

/** A request to the admin API; `parts` are those of the path below it. */
export interface MasRequest {
  method: string
  parts: string[]
  query: URLSearchParams
  body: unknown
}

/** `body` is null for 204. */
export interface MasAnswer {
  status: number
  body: object | string | null
  headers?: Record<string, string>
}

export const failure = (status: number, title: string): MasAnswer => ({
  status,
  body: { errors: [{ title }] },
})
/** For a path that nothing is mounted at. */
export const page404: MasAnswer = {
  status: 404,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>',
}
/** axum's own words for a body of another shape. */
const unreadable: MasAnswer = { status: 422, body: 'Failed to deserialize the JSON body' }
const notFound = (what: string) => failure(404, `${what} not found`)

const USERNAME = /^[a-z0-9=\-./+][a-z0-9=_\-./+]{0,254}$/
const DEFAULT_PAGE = 10

const newUserSchema = v.object({
  username: v.string(),
  displayname: v.optional(v.string()),
  skip_homeserver_check: v.optional(v.boolean(), false),
})
const passwordSchema = v.object({
  password: v.string(),
  skip_password_check: v.optional(v.boolean(), false),
})
const deactivateSchema = v.optional(v.object({ skip_erase: v.optional(v.boolean(), false) }), {})
const emailSchema = v.object({ user_id: v.string(), email: v.string() })
const sessionSchema = v.object({
  actor_user_id: v.string(),
  human_name: v.string(),
  scope: v.string(),
  expires_in: v.optional(v.number()),
})

const time = (at: number) => new Date(at).toISOString()
const timeOrNull = (at: number | null) => (at === null ? null : time(at))

function item(type: string, id: string, attributes: object) {
  return { type, id, attributes, links: { self: `/api/admin/v1/${type}s/${id}` } }
}
const one = (status: number, data: ReturnType<typeof item>): MasAnswer => ({
  status,
  body: { data, links: { self: data.links.self } },
})

function describeUser(user: MasStandInUser) {
  return item('user', user.id, {
    username: user.username,
    created_at: time(user.createdAt),
    locked_at: timeOrNull(user.lockedAt),
    deactivated_at: timeOrNull(user.deactivatedAt),
    admin: user.admin,
    legacy_guest: false,
  })
}

/** The admin API, as MAS 1.22 answers: by its source and its OpenAPI document. */
export function createMasRoutes(state: MasState) {
  const { options, users, emails, clock } = state
  const judge = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...en.dictionary },
    graphs: common.adjacencyGraphs,
  })
  /** Names that a transaction has inserted and not committed yet. */
  const inserting = new Map<string, Promise<unknown>>()

  /** A page of a list, by the parameters of the query; the cursor is an item's ID. */
  function list(path: string, items: ReturnType<typeof item>[], query: URLSearchParams): MasAnswer {
    const first = Number(query.get('page[first]') ?? DEFAULT_PAGE)
    const after = query.get('page[after]') ?? ''
    if (!Number.isInteger(first) || first < 1) return failure(400, 'Invalid pagination')
    const rest = items.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = rest.slice(0, first)
    const base = `/api/admin/v1/${path}?page[first]=${first}`
    const last = page.at(-1)
    const next = rest.length > first && last !== undefined ? { next: `${base}&page[after]=${last.id}` } : {}
    return {
      status: 200,
      body: {
        ...(query.get('count') === 'false' ? {} : { meta: { count: items.length } }),
        data: page.map((data) => ({ ...data, meta: { page: { cursor: data.id } } })),
        links: { self: base, first: base, last: base, ...next },
      },
    }
  }

  async function create(body: unknown): Promise<MasAnswer> {
    const read = v.safeParse(newUserSchema, body)
    if (!read.success) return unreadable
    const { username, displayname, skip_homeserver_check: skips } = read.output
    if (state.find(username) !== undefined) return failure(409, 'User already exists')
    if (!USERNAME.test(username)) return failure(400, 'Username is not valid')
    const { synapse } = state
    if (synapse === null) return failure(500, 'Failed to reach the homeserver')
    if (!skips && !(await synapse.isAvailable(username)))
      return failure(409, 'Username is reserved by the homeserver')
    // INSERT … ON CONFLICT DO NOTHING waits for the first, and then changes no row.
    for (let other = inserting.get(username); other !== undefined; other = inserting.get(username))
      await other
    if (state.find(username) !== undefined) return failure(500, 'Invalid repository operation')
    const provisioned = synapse.provision({
      localpart: username,
      locked: false,
      ...(displayname === undefined ? {} : { displayName: displayname }),
    })
    const settled = provisioned.catch(() => undefined).finally(() => inserting.delete(username))
    inserting.set(username, settled)
    try {
      await provisioned
    } catch {
      return failure(500, 'Failed to provision user in Synapse')
    }
    return one(201, describeUser(state.addUser(username)))
  }

  function setPassword(user: MasStandInUser, body: unknown): MasAnswer {
    if (options.passwords === false) return failure(403, 'Password auth is disabled')
    const read = v.safeParse(passwordSchema, body)
    if (!read.success) return unreadable
    const { password, skip_password_check: skips } = read.output
    const isWeak = judge.check(password).score < (options.minimumScore ?? 3)
    if (isWeak && !skips) return failure(400, 'Password is too weak')
    user.password = password
    return { status: 204, body: null }
  }

  async function reactivate(user: MasStandInUser): Promise<MasAnswer> {
    try {
      await state.synapse?.reactivate(user.username)
    } catch {
      return failure(500, 'Failed to reactivate user in Synapse')
    }
    user.deactivatedAt = null
    return one(200, describeUser(user))
  }

  async function change(user: MasStandInUser, what: string, body: unknown): Promise<MasAnswer> {
    switch (what) {
      case 'lock':
        user.lockedAt ??= clock()
        state.provisionLater(user)
        return one(200, describeUser(user))
      case 'unlock':
        user.lockedAt = null
        state.provisionLater(user)
        return one(200, describeUser(user))
      case 'deactivate': {
        const read = v.safeParse(deactivateSchema, body)
        if (!read.success) return unreadable
        user.deactivatedAt ??= clock()
        state.deactivateLater(user, !read.output.skip_erase)
        return one(200, describeUser(user))
      }
      case 'reactivate':
        return reactivate(user)
      case 'set-password':
        return setPassword(user, body)
      default:
        return failure(404, 'Not found')
    }
  }

  const describeEmail = (
    id: string,
    { userId, email, createdAt }: { userId: string; email: string; createdAt: number },
  ) => item('user-email', id, { created_at: time(createdAt), user_id: userId, email })

  function addEmail(body: unknown): MasAnswer {
    const read = v.safeParse(emailSchema, body)
    if (!read.success) return unreadable
    const { user_id: userId, email } = read.output
    const user = users.get(userId)
    if (user === undefined) return notFound('User')
    if (!/^[^@\s]+@[^@\s]+$/.test(email)) return failure(400, 'Invalid email')
    const isSame = (other: { email: string }) => other.email.toLowerCase() === email.toLowerCase()
    if ([...emails.values()].some(isSame)) return failure(409, 'User email already in use')
    const [id, added] = [state.ulid(), { userId, email, createdAt: clock() }]
    emails.set(id, added)
    state.provisionLater(user)
    return one(201, describeEmail(id, added))
  }

  async function addPersonalSession(body: unknown): Promise<MasAnswer> {
    const read = v.safeParse(sessionSchema, body)
    if (!read.success) return unreadable
    const { actor_user_id: userId, human_name: name, scope, expires_in: seconds } = read.output
    const user = users.get(userId)
    if (user === undefined) return notFound('User')
    const endsAt = seconds === undefined ? null : clock() + seconds * 1000
    const token = state.addToken('mpt', scope, userId, endsAt)
    const device = state.tokens.get(token)?.device
    if (device != null) await state.synapse?.addDevice(user.username, device)
    const attributes = {
      created_at: time(clock()),
      revoked_at: null,
      owner_user_id: null,
      owner_client_id: options.clientId,
      actor_user_id: userId,
      human_name: name,
      scope,
      last_active_at: null,
      last_active_ip: null,
      expires_at: timeOrNull(endsAt),
      access_token: token,
    }
    return one(201, item('personal-session', state.ulid(), attributes))
  }

  function listUsers(query: URLSearchParams): MasAnswer {
    const status = query.get('filter[status]')
    const is = (user: MasStandInUser) =>
      status === null ||
      (status === 'locked'
        ? user.lockedAt !== null
        : status === 'deactivated'
          ? user.deactivatedAt !== null
          : user.lockedAt === null && user.deactivatedAt === null)
    return list('users', [...users.values()].filter(is).map(describeUser), query)
  }

  function listEmails(query: URLSearchParams): MasAnswer {
    const [email, userId] = [query.get('filter[email]')?.toLowerCase(), query.get('filter[user]')]
    const found = [...emails].filter(
      ([, other]) =>
        (email === undefined || other.email.toLowerCase() === email) &&
        (userId === null || other.userId === userId),
    )
    return list(
      'user-emails',
      found.map(([id, other]) => describeEmail(id, other)),
      query,
    )
  }

  function listSessions(kind: string, query: URLSearchParams): MasAnswer {
    const userId = query.get('filter[user]')
    const found = [...state.sessions.values()].filter(
      (session) => `${session.kind}s` === kind && (userId === null || session.userId === userId),
    )
    return list(
      kind,
      found.map((session) =>
        item(session.kind, session.id, {
          created_at: time(session.createdAt),
          finished_at: timeOrNull(session.finishedAt),
          user_id: session.userId,
          user_agent: null,
          last_active_at: null,
          last_active_ip: null,
          ...(session.kind === 'user-session' ? {} : { user_session_id: null, human_name: null }),
          ...(session.kind === 'compat-session' ? { device_id: null, redirect_uri: null } : {}),
          ...(session.kind === 'oauth2-session'
            ? { client_id: options.clientId, scope: 'urn:matrix:client:api:*' }
            : {}),
        }),
      ),
      query,
    )
  }

  function listLinks(query: URLSearchParams): MasAnswer {
    const userId = query.get('filter[user]')
    const found = [...state.links].filter(([, link]) => userId === null || link.userId === userId)
    return list(
      'upstream-oauth-links',
      found.map(([id, link]) =>
        item('upstream-oauth-link', id, {
          created_at: time(link.createdAt),
          provider_id: id,
          subject: link.provider,
          user_id: link.userId,
          human_account_name: null,
        }),
      ),
      query,
    )
  }

  const siteConfig = (): MasAnswer => ({
    status: 200,
    body: {
      server_name: options.domain,
      password_login_enabled: options.passwords !== false,
      password_registration_enabled: (options.registration ?? 'closed') !== 'closed',
      password_registration_email_required: true,
      password_registration_token_required: options.registration === 'token',
      registration_token_required: options.registration === 'token',
      email_change_allowed: true,
      displayname_change_allowed: true,
      password_change_allowed: true,
      account_recovery_allowed: false,
      account_deactivation_allowed: true,
      captcha_enabled: false,
      minimum_password_complexity: options.minimumScore ?? 3,
    },
  })

  const listProviders = (query: URLSearchParams): MasAnswer =>
    list(
      'upstream-oauth-providers',
      (options.providers ?? []).map((name) =>
        item('upstream-oauth-provider', state.ulid(), {
          issuer: null,
          human_name: name,
          brand_name: null,
          created_at: time(clock()),
          disabled_at: null,
          registration_token_required: options.registration === 'token',
        }),
      ),
      query,
    )

  function read({ parts, query }: MasRequest): MasAnswer {
    const [kind = '', id, name = ''] = parts
    if (kind === 'users' && id === 'by-username') {
      const user = state.find(name)
      return user === undefined
        ? notFound(`User with username ${JSON.stringify(name)}`)
        : one(200, describeUser(user))
    }
    if (kind === 'users' && id !== undefined) {
      const user = users.get(id)
      return user === undefined ? notFound(`User ID ${id}`) : one(200, describeUser(user))
    }
    switch (kind) {
      case 'version':
        return { status: 200, body: { version: 'v1.22.0' } }
      case 'site-config':
        return siteConfig()
      case 'users':
        return listUsers(query)
      case 'user-emails':
        return listEmails(query)
      case 'user-sessions':
      case 'compat-sessions':
      case 'oauth2-sessions':
        return listSessions(kind, query)
      case 'upstream-oauth-links':
        return listLinks(query)
      case 'upstream-oauth-providers':
        return listProviders(query)
      default:
        return page404
    }
  }

  return async (request: MasRequest): Promise<MasAnswer> => {
    const { method, parts, body } = request
    const [kind = '', id, what] = parts
    if (method === 'GET') return read(request)
    if (method !== 'POST') return { status: 405, body: '' }
    if (kind === 'users' && id === undefined) return create(body)
    if (kind === 'users' && id !== undefined && what !== undefined) {
      const user = users.get(id)
      return user === undefined ? notFound(`User ID ${id}`) : change(user, what, body)
    }
    if (kind === 'user-emails' && id === undefined) return addEmail(body)
    const isRecent = options.hasPersonalSessions !== false
    if (kind === 'personal-sessions' && id === undefined && isRecent) return addPersonalSession(body)
    return page404
  }
}
