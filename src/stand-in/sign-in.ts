import { createHmac, timingSafeEqual } from 'node:crypto'
import { ok, page, problem, suspended, type StandInAnswer, type StandInRoute } from './route'
import type { StandInState, StandInUser } from './state'

/** bcrypt ignores the rest. Synapse counts them in NFKC. */
const PASSWORD_BYTES = 72

/** Each token has its own device. */
export const deviceOf = (token: string): string => token.slice(-10).toUpperCase()

/** Signing in and out, registration and consent, as Synapse 1.160 answers without MAS. */
export function signInRoutes(state: StandInState): StandInRoute[] {
  const { options, users, tokens, unique } = state
  const { domain } = options

  function logIn(body: Record<string, unknown>): StandInAnswer {
    if (options.passwords === false) return problem(400, 'M_UNKNOWN', 'Unknown login type m.login.password')
    const { identifier, password } = body
    const name =
      typeof identifier === 'object' && identifier !== null && 'user' in identifier ? identifier.user : ''
    const user = users.get(String(name)) ?? users.get(`@${String(name)}:${domain}`)
    const right = user !== undefined && user.password !== null && cut(user.password) === cut(String(password))
    if (!right || user.deactivated) return problem(403, 'M_FORBIDDEN', 'Invalid username or password')
    if (user.locked)
      return problem(401, 'M_USER_LOCKED', 'User account has been locked', { soft_logout: true })
    const token = `syt_${unique(32)}`
    tokens.set(token, user.id)
    return ok({
      user_id: user.id,
      access_token: token,
      home_server: domain,
      device_id: deviceOf(token),
    })
  }

  /** Whose consent it is about, or why it is refused. */
  function consenting(username: string, given: string): StandInUser | StandInAnswer {
    const right = createHmac('sha256', options.formSecret ?? '')
      .update(username)
      .digest('hex')
    const hash = Buffer.from(given)
    if (hash.length !== right.length || !timingSafeEqual(hash, Buffer.from(right)))
      return page(403, 'HMAC incorrect')
    const user = users.get(username.startsWith('@') ? username : `@${username}:${domain}`)
    return user ?? page(404, 'Unknown user')
  }

  function showPolicy(query: URLSearchParams): StandInAnswer {
    const { consentVersion, otherVersions = [] } = options
    if (options.formSecret === undefined || consentVersion === undefined)
      return problem(404, 'M_UNRECOGNIZED', 'Unrecognized request')
    const version = query.get('v') ?? consentVersion
    const user = consenting(query.get('u') ?? '', query.get('h') ?? '')
    if ('status' in user) return user
    if (version !== consentVersion && !otherVersions.includes(version))
      return page(404, 'Unknown policy version')
    return page(200, user.consentVersion === version ? 'Thank you.' : `Policy ${version}`)
  }

  function consent(body: Record<string, unknown>): StandInAnswer {
    const { v: version, u: username, h: given } = body
    if (options.formSecret === undefined || options.consentVersion === undefined)
      return problem(404, 'M_UNRECOGNIZED', 'Unrecognized request')
    for (const [name, value] of Object.entries({ v: version, u: username, h: given }))
      if (typeof value !== 'string') return page(400, `Missing string query parameter ${name}`)
    const user = consenting(String(username), String(given))
    if ('status' in user) return user
    // Any version is accepted, not only the one that the server requires.
    user.consentVersion = String(version)
    if (options.requireConsent === true) state.autoJoin(user)
    return page(200, 'Thank you.')
  }

  return [
    { method: 'POST', path: '/_matrix/client/v3/login', to: 'everybody', handle: ({ body }) => logIn(body) },
    {
      method: 'GET',
      path: '/_matrix/client/v3/login',
      to: 'everybody',
      handle: () =>
        ok({
          flows: [
            ...(options.passwords === false ? [] : [{ type: 'm.login.password' }]),
            ...(options.providers === undefined
              ? []
              : [
                  {
                    type: 'm.login.sso',
                    identity_providers: options.providers.map((name) => ({ id: `oidc-${name}`, name })),
                  },
                ]),
            { type: 'm.login.application_service' },
          ],
        }),
    },
    {
      method: 'POST',
      path: '/_matrix/client/v3/register',
      to: 'everybody',
      handle: () => register(options.registration ?? 'closed'),
    },
    { method: 'POST', path: '/_matrix/consent', to: 'everybody', handle: ({ body }) => consent(body) },
    { method: 'GET', path: '/_matrix/consent', to: 'everybody', handle: ({ query }) => showPolicy(query) },
    {
      method: 'POST',
      path: '/_matrix/client/v3/logout',
      to: 'users',
      handle({ token }) {
        tokens.delete(token)
        return ok({})
      },
    },
  ]
}

/** What the owner of an account asks of Synapse, whoever signed them in. */
export function profileRoutes({ users }: StandInState): StandInRoute[] {
  return [
    {
      method: 'GET',
      path: '/_matrix/client/v3/account/whoami',
      to: 'users',
      handle: ({ caller, hasDevice }) =>
        ok({ user_id: caller.id, is_guest: false, ...(hasDevice ? { device_id: 'STANDIN' } : {}) }),
    },
    {
      method: 'PUT',
      path: '/_matrix/client/v3/profile/:user/displayname',
      to: 'users',
      handle({ caller, at, body: { displayname } }) {
        if (at('user') !== caller.id)
          return problem(400, 'M_UNKNOWN', "Cannot set another user's displayname")
        if (caller.suspended) return suspended('Updating profile')
        caller.displayName = String(displayname)
        return ok({})
      },
    },
    {
      method: 'GET',
      path: '/_matrix/client/v3/profile/:user',
      to: 'everybody',
      handle({ at }) {
        const found = users.get(at('user'))
        if (found === undefined || found.erased) return problem(404, 'M_NOT_FOUND', 'Profile was not found')
        return ok(found.displayName === null ? {} : { displayname: found.displayName })
      },
    },
  ]
}

function cut(password: string): string {
  return Buffer.from(password.normalize('NFKC')).subarray(0, PASSWORD_BYTES).toString('hex')
}

/** Without anything that a stage asks for, Synapse tells the stages, and makes no account. */
function register(registration: 'closed' | 'open' | 'token'): StandInAnswer {
  if (registration === 'closed') return problem(403, 'M_FORBIDDEN', 'Registration has been disabled')
  const stage = registration === 'open' ? 'm.login.dummy' : 'm.login.registration_token'
  return { status: 401, body: { session: 'session', params: {}, flows: [{ stages: [stage] }] } }
}
