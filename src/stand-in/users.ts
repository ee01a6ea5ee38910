import { changeUser, deactivateUser, fillUser, readChange } from './change'
import { deviceOf } from './sign-in'
import { ok, problem, type StandInAnswer, type StandInRoute } from './route'
import type { StandInState, StandInUser } from './state'

const MATRIX_ID_BYTES = 255
const NO_USER = problem(404, 'M_NOT_FOUND', 'User not found')

/** Usernames and accounts in the admin API, as Synapse 1.160 answers. */
export function userRoutes(state: StandInState): StandInRoute[] {
  const { options, users } = state
  const { domain } = options
  const nameProblem = (localpart: string) => nameProblemIn(state, localpart)

  function localpartOf(id: string): string | null {
    return id.startsWith('@') && id.endsWith(`:${domain}`) ? id.slice(1, -domain.length - 1) : null
  }

  function put(id: string, body: Record<string, unknown>): StandInAnswer {
    const localpart = localpartOf(id)
    if (localpart === null)
      return problem(400, 'M_UNKNOWN', 'This endpoint can only be used with local users')
    const read = readChange(body)
    if ('failure' in read) return read.failure
    const user = users.get(id)
    if (user !== undefined) return changeUser(state, user, read.change) ?? ok(describe(user))
    const refusal = nameProblem(localpart)
    if (refusal !== null) return refusal
    const made = state.addUser(localpart)
    fillUser(state, made, read.change)
    if (options.requireConsent !== true) state.autoJoin(made)
    return { status: 201, body: describe(made) }
  }

  const user = (id: string, then: (user: StandInUser) => StandInAnswer): StandInAnswer => {
    const found = users.get(id)
    return found === undefined ? NO_USER : then(found)
  }

  return [
    {
      method: 'GET',
      path: '/_synapse/admin/v1/username_available',
      to: 'admins',
      handle: ({ query }) => nameProblem(query.get('username') ?? '') ?? ok({ available: true }),
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v2/users',
      to: 'admins',
      handle({ query }) {
        if (options.introspect !== undefined && query.get('guests') !== 'false')
          return problem(400, 'M_INVALID_PARAM', 'The guests parameter is not supported with MSC3861')
        const [name = '', locked, deactivated] = ['name', 'locked', 'deactivated'].map(
          (key) => query.get(key) ?? '',
        )
        const found = [...users.values()]
          .filter(
            (one) =>
              one.localpart.includes(name) &&
              (locked === 'true' || !one.locked) &&
              (deactivated === 'true' || !one.deactivated),
          )
          .sort((one, other) => (one.id < other.id ? -1 : 1))
        const from = Number(query.get('from') ?? '0')
        const end = from + Number(query.get('limit') ?? '100')
        // In milliseconds here, and in seconds for a single user.
        const listed = found.slice(from, end).map((one) => ({
          ...describe(one),
          creation_ts: seconds(one) * 1000,
          threepids: undefined,
        }))
        const more = end < found.length ? { next_token: String(end) } : {}
        return ok({ users: listed, total: found.length, ...more })
      },
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v2/users/:user',
      to: 'admins',
      handle: ({ at }) => user(at('user'), (found) => ok(describe(found))),
    },
    {
      method: 'PUT',
      path: '/_synapse/admin/v2/users/:user',
      to: 'admins',
      handle: ({ at, body }) => put(at('user'), body),
    },
    {
      method: 'POST',
      path: '/_synapse/admin/v1/deactivate/:user',
      to: 'admins',
      handle: ({ at, body }) =>
        user(at('user'), (found) => {
          deactivateUser(state, found, body['erase'] === true)
          return ok({ id_server_unbind_result: 'success' })
        }),
    },
    {
      method: 'PUT',
      path: '/_synapse/admin/v1/suspend/:user',
      to: 'admins',
      handle({ at, body: { suspend } }) {
        const id = at('user')
        if (suspend === undefined) return problem(400, 'M_MISSING_PARAM', 'suspend: Field required')
        if (typeof suspend !== 'boolean')
          return problem(400, 'M_BAD_JSON', 'suspend: Input should be a valid boolean')
        if (localpartOf(id) === null) return problem(400, 'M_UNKNOWN', 'Can only suspend local users')
        return user(id, (found) => {
          found.suspended = suspend
          return ok({ [`user_${id}_suspended`]: suspend })
        })
      },
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v1/users/:user/admin',
      to: 'admins',
      handle: ({ at }) =>
        options.introspect === undefined
          ? user(at('user'), ({ admin }) => ok({ admin }))
          : problem(404, 'M_UNRECOGNIZED', 'Unrecognized request'),
    },
    {
      method: 'POST',
      path: '/_synapse/admin/v1/users/:user/login',
      to: 'admins',
      // Also for an account that is locked or deactivated, whose token is then refused.
      handle: ({ at }) =>
        options.introspect === undefined
          ? user(at('user'), ({ id }) => {
              const token = `syt_${state.unique(32)}`
              state.tokens.set(token, id)
              state.withoutDevice.add(token)
              return ok({ access_token: token })
            })
          : problem(404, 'M_UNRECOGNIZED', 'Unrecognized request'),
    },
    {
      method: 'POST',
      path: '/_synapse/admin/v1/users/:user/override_ratelimit',
      to: 'admins',
      handle: ({ at, body: { messages_per_second: perSecond, burst_count: burst } }) =>
        user(at('user'), ({ id }) => {
          state.unlimited.add(id)
          return ok({ messages_per_second: perSecond, burst_count: burst })
        }),
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v2/users/:user/devices',
      to: 'admins',
      handle: ({ at }) =>
        user(at('user'), ({ id }) => {
          const devices = [...state.tokens].filter(
            ([token, owner]) => owner === id && !state.withoutDevice.has(token),
          )
          const listed = devices.map(([token]) => ({ user_id: id, device_id: deviceOf(token) }))
          return ok({ devices: listed, total: listed.length })
        }),
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v1/whois/:user',
      to: 'admins',
      // Also for a user that does not exist.
      handle({ at }) {
        const seen = users.get(at('user'))?.lastSeenAt ?? null
        const connections = seen === null ? [] : [{ ip: '127.0.0.1', last_seen: seen, user_agent: '' }]
        return ok({ user_id: at('user'), devices: { '': { sessions: [{ connections }] } } })
      },
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v1/threepid/:medium/users/:address',
      to: 'admins',
      handle({ at }) {
        const bound = [...users.values()].find(({ threepids }) =>
          threepids.some(({ medium, address }) => medium === at('medium') && address === at('address')),
        )
        return bound === undefined ? NO_USER : ok({ user_id: bound.id })
      },
    },
  ]
}

const seconds = ({ createdAt }: StandInUser) => Math.floor(createdAt / 1000)

/** The answer about one user. */
function describe(user: StandInUser) {
  return {
    name: user.id,
    admin: user.admin,
    deactivated: user.deactivated,
    locked: user.locked,
    creation_ts: seconds(user),
    consent_version: user.consentVersion,
    suspended: user.suspended,
    displayname: user.displayName,
    avatar_url: user.avatarUrl,
    user_type: user.userType,
    external_ids: user.externalIds,
    last_seen_ts: user.lastSeenAt,
    threepids: user.threepids,
    erased: user.erased,
  }
}

/** Why an account with this username cannot be created, or null. */
export function nameProblemIn({ options, users }: StandInState, localpart: string): StandInAnswer | null {
  const { domain } = options
  const invalid = (text: string) => problem(400, 'M_INVALID_USERNAME', text)
  if (!/^[a-z0-9=_\-./+]+$/.test(localpart))
    return invalid("User ID can only contain characters a-z, 0-9, or '=_-./+'")
  if (localpart.startsWith('_')) return invalid('User ID may not begin with _')
  if (Buffer.byteLength(`@${localpart}:${domain}`) > MATRIX_ID_BYTES)
    return invalid('User ID may not be longer than 255 characters')
  const id = `@${localpart}:${domain}`
  // Accounts from before Synapse 0.27 can have capitals.
  if ([...users.keys()].some((taken) => taken.toLowerCase() === id))
    return problem(400, 'M_USER_IN_USE', 'User ID already taken.')
  if (localpart === 'notices') return problem(400, 'M_EXCLUSIVE', 'This user ID is reserved.')
  if (options.exclusive?.test(localpart))
    return problem(400, 'M_EXCLUSIVE', 'This user ID is reserved by an application service.')
  if (/^\d+$/.test(localpart)) return invalid('Numeric user IDs are reserved for guest users.')
  return null
}
