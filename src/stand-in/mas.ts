import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import { startStandIn, type StandIn, type StandInOptions } from './homeserver'
import { createMasRoutes, failure, page404, type MasAnswer } from './mas-routes'
import { createMasState, type MasOptions, type MasState } from './mas-state'
import { listen, type Fault, type SeenRequest } from './server'

export type { MasOptions }

/** A request of the admin API with its query, and what was answered. */
export interface MasExchange {
  method: string
  path: string
  body: unknown
  answer: MasAnswer
}

/** A MAS of this program's own. */
export interface MasStandIn {
  url: string
  /** What it knows, and levers: held jobs, tokens that end, users and sessions that others made. */
  state: MasState
  /** If set, called for every request of the admin API, sign-ins and tokens: lets tests break things, or observe them. */
  faults: ((request: SeenRequest) => Fault | undefined) | undefined
  /** If set, told of every exchange of the admin API. */
  watch: ((exchange: MasExchange) => void) | undefined
  close(): Promise<void>
}

const ADMIN_API = '/api/admin/v1/'
const logInSchema = v.object({ identifier: v.object({ user: v.string() }), password: v.string() })
const matrixProblem = (status: number, errcode: string, error: string): MasAnswer => ({
  status,
  body: { errcode, error },
})

/**
 * Starts a server on 127.0.0.1 that answers like MAS 1.22 to everything this program asks, to Synapse's introspection and
 * to sign-ins with a password. For tests; its state is in memory. Where it provisions accounts is set afterwards
 * (`state.synapse`), as the homeserver needs its address first. Written by reading MAS's source; no MAS can be run here.
 */
export async function startMasStandIn(options: MasOptions & { secret?: string }): Promise<MasStandIn> {
  const state = createMasState(options)
  const adminApi = createMasRoutes(state)
  const basic = `Basic ${Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64')}`
  let url = ''

  function giveToken(request: IncomingMessage, form: URLSearchParams): MasAnswer {
    if (request.headers.authorization !== basic) return { status: 401, body: { error: 'invalid_client' } }
    if (form.get('grant_type') !== 'client_credentials')
      return { status: 400, body: { error: 'unsupported_grant_type' } }
    const scope = form.get('scope') ?? ''
    if (scope.includes('urn:mas:admin') && options.isAdminClient === false)
      return { status: 403, body: { error: 'invalid_scope', error_description: 'Policy denied' } }
    const seconds = options.tokenSeconds ?? 300
    const token = state.addToken('mat', scope, null, state.clock() + seconds * 1000)
    return {
      status: 200,
      body: { access_token: token, token_type: 'Bearer', expires_in: seconds, scope },
    }
  }

  function introspect(request: IncomingMessage, form: URLSearchParams): MasAnswer {
    if (request.headers.authorization !== `Bearer ${options.secret}`)
      return { status: 401, body: { error: 'invalid_client' } }
    const text = form.get('token') ?? ''
    const found = state.introspect(text)
    const token = state.tokens.get(text)
    if (found === null || token === undefined) return { status: 200, body: { active: false } }
    return {
      status: 200,
      body: {
        active: true,
        scope: token.scopes.join(' '),
        username: found.localpart,
        sub: token.userId,
        token_type: 'access_token',
        ...(found.device === null ? {} : { device_id: found.device }),
        ...(token.endsAt === null ? {} : { expires_in: Math.ceil((token.endsAt - state.clock()) / 1000) }),
      },
    }
  }

  /** Sign-in of apps of before OpenID Connect: a lock is told before the password is looked at. */
  async function logIn(body: unknown): Promise<MasAnswer> {
    const read = v.safeParse(logInSchema, body)
    if (!read.success) return matrixProblem(400, 'M_BAD_JSON', 'Invalid JSON')
    const { identifier, password } = read.output
    const user = state.find(identifier.user.replace(/^@|:.*$/g, ''))
    const wrong = matrixProblem(403, 'M_FORBIDDEN', 'Invalid username/password')
    if (user === undefined || user.deactivatedAt !== null) return wrong
    if (user.lockedAt !== null) return matrixProblem(401, 'M_USER_LOCKED', 'User account has been locked')
    if (user.password === null || user.password !== password) return wrong
    const session = state.addSession('compat-session', user.id)
    const device = session.id.slice(-10)
    const scope = `urn:matrix:client:api:* urn:matrix:client:device:${device}`
    const token = state.addToken('mct', scope, user.id, null)
    await state.synapse?.addDevice(user.username, device)
    const id = `@${user.username}:${options.domain}`
    return { status: 200, body: { access_token: token, device_id: device, user_id: id } }
  }

  /** Which of the resources of a listener a path belongs to. */
  function resourceOf(path: string): NonNullable<MasOptions['without']>[number] | null {
    if (path.startsWith('/.well-known/')) return 'discovery'
    if (path.startsWith('/oauth2/')) return 'oauth'
    return path.startsWith(ADMIN_API) ? 'adminapi' : null
  }

  async function answerTo(request: IncomingMessage, to: URL, text: string): Promise<MasAnswer> {
    const { method = 'GET', headers } = request
    const resource = resourceOf(to.pathname)
    if (resource !== null && options.without?.includes(resource)) return page404
    switch (to.pathname) {
      case '/.well-known/openid-configuration':
        return {
          status: 200,
          body: {
            issuer: `${url}/`,
            account_management_uri: `${url}/account/`,
            token_endpoint: `${url}/oauth2/token`,
            introspection_endpoint: `${url}/oauth2/introspect`,
          },
        }
      case '/oauth2/token':
        return giveToken(request, new URLSearchParams(text))
      case '/oauth2/introspect':
        return introspect(request, new URLSearchParams(text))
      case '/_matrix/client/v3/login':
        return logIn(readJson(text))
    }
    if (resource !== 'adminapi') return page404
    const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    if (bearer === undefined) return failure(400, 'Missing authorization header')
    const token = state.tokenOf(bearer)
    if (token === null) return failure(401, 'Unknown access token')
    if (!token.scopes.includes('urn:mas:admin')) return failure(401, 'Missing urn:mas:admin scope')
    const parts = to.pathname.slice(ADMIN_API.length).split('/').map(decodeURIComponent)
    const body = readJson(text)
    const answer = await adminApi({ method, parts, query: to.searchParams, body })
    standIn.watch?.({ method, path: `${to.pathname}${to.search}`, body, answer })
    return answer
  }

  const server = await listen({
    port: options.port ?? 0,
    answer: answerTo,
    faultFor: (request) => standIn.faults?.(request),
    elsewhere: { status: 421, body: null },
    textType: 'text/plain; charset=utf-8',
  })
  url = server.url
  const standIn: MasStandIn = {
    url,
    state,
    faults: undefined,
    watch: undefined,
    async close() {
      state.stop()
      await server.close()
    },
  }
  return standIn
}

/** Starts both: a homeserver that leaves its accounts to a MAS, and that MAS. */
export async function startMasWorld(
  options: MasOptions,
  more: Partial<StandInOptions> = {},
): Promise<{ mas: MasStandIn; homeserver: StandIn; close: () => Promise<void> }> {
  const mas = await startMasStandIn(options)
  const homeserver = await startStandIn({
    domain: options.domain,
    token: '',
    delegatesTo: `${mas.url}/`,
    introspect: mas.state.introspect,
    ...more,
  })
  mas.state.synapse = homeserver.delegated
  return {
    mas,
    homeserver,
    async close() {
      await mas.close()
      await homeserver.close()
    },
  }
}

function readJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined // The routes tell the sender.
  }
}
