import type { IncomingMessage } from 'node:http'
import { roomEventRoutes } from './room-events'
import { roomStateRoutes } from './room-state'
import { roomRoutes } from './rooms'
import { matchPath, ok, page, problem, type StandInAnswer, type StandInRoute } from './route'
import { listen, type Fault, type SeenRequest } from './server'
import { profileRoutes, signInRoutes } from './sign-in'
import { createDelegated, type DelegatedSynapse } from './delegated'
import {
  createState,
  type Introspected,
  type StandInOptions,
  type StandInRoom,
  type StandInUser,
} from './state'
import { userRoutes } from './users'

export type { Fault, SeenRequest, StandInOptions, StandInRoom, StandInUser }

export interface StandIn {
  url: string
  /** By Matrix ID. */
  users: Map<string, StandInUser>
  /** By room id. */
  rooms: Map<string, StandInRoom>
  /** The room with this ID or alias. */
  room(idOrAlias: string): StandInRoom | undefined
  /** What MAS does there, with the secret that only the two have. */
  delegated: DelegatedSynapse
  /** If set, called for every request: lets tests break things, or observe them. */
  faults: ((request: SeenRequest) => Fault | undefined) | undefined
  close(): Promise<void>
}

/**
 * Starts a server on 127.0.0.1 that answers like Synapse 1.160 to everything this program asks, and to logins. For
 * the demo and for tests; its state is in memory. A contract test suite (tests/homeserver) keeps it true to Synapse.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const state = createState(options)
  const routes = [
    ...userRoutes(state),
    ...(options.introspect === undefined ? signInRoutes(state) : []),
    ...profileRoutes(state),
    ...roomRoutes(state),
    ...roomEventRoutes(state),
    ...roomStateRoutes(state),
    ...serverRoutes(options),
  ]
  function answerTo(
    request: IncomingMessage,
    url: URL,
    text: string,
  ): StandInAnswer | Promise<StandInAnswer> {
    const { method = 'GET', headers } = request
    for (const route of routes) {
      const parts = route.method === method ? matchPath(route.path, url.pathname) : null
      if (parts === null) continue
      const caller = authorize(route, headers.authorization)
      if ('status' in caller) return caller
      const body = readBody(text, headers['content-type'])
      if (body === null) return problem(400, 'M_NOT_JSON', 'Content not JSON.')
      const token = tokenIn(headers.authorization)
      return route.handle({
        caller,
        token,
        hasDevice: options.introspect === undefined || options.introspect(token)?.device != null,
        at: (name) => parts.get(name) ?? '',
        query: url.searchParams,
        body,
      })
    }
    if (/^\/(_matrix|_synapse\/admin)\//.test(url.pathname))
      return problem(404, 'M_UNRECOGNIZED', 'Unrecognized request')
    return page(404, 'No Such Resource')
  }

  /** Under MAS, neither a lock nor an administrator here counts: only what MAS says of the token. */
  function authorizeByMas(
    { to }: Pick<StandInRoute, 'to'>,
    seen: Introspected | null,
  ): StandInUser | StandInAnswer {
    const user = seen === null ? undefined : state.users.get(`@${seen.localpart}:${options.domain}`)
    if (seen === null || user === undefined)
      return problem(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.', { soft_logout: false })
    user.lastSeenAt = state.clock()
    if (to === 'admins' && !seen.admin) return problem(403, 'M_FORBIDDEN', 'You are not a server admin')
    return user
  }

  /** Returns whose token it is, or why it is refused. */
  function authorize({ to }: StandInRoute, header = ''): StandInUser | StandInAnswer {
    const admin = state.users.get(`@admin:${options.domain}`)
    if (to === 'everybody' && admin !== undefined) return admin
    if (header === '') return problem(401, 'M_MISSING_TOKEN', 'Missing access token')
    if (options.introspect !== undefined) return authorizeByMas({ to }, options.introspect(tokenIn(header)))
    const user = state.users.get(state.tokens.get(tokenIn(header)) ?? '')
    if (user === undefined)
      return problem(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.', { soft_logout: false })
    if (user.locked)
      return problem(401, 'M_USER_LOCKED', 'User account has been locked', { soft_logout: true })
    user.lastSeenAt = state.clock()
    if (to === 'admins' && !user.admin) return problem(403, 'M_FORBIDDEN', 'You are not a server admin')
    return user
  }

  const { url, close } = await listen({
    port: options.port ?? 0,
    answer: answerTo,
    faultFor: (request) => standIn.faults?.(request),
    elsewhere: problem(421, 'M_UNRECOGNIZED', 'The stand-in answers this machine only'),
    textType: 'text/html; charset=utf-8',
  })
  const standIn: StandIn = {
    url,
    users: state.users,
    rooms: state.rooms,
    room: state.room,
    delegated: createDelegated(state),
    faults: undefined,
    close,
  }
  return standIn
}

const tokenIn = (header = ''): string => header.replace(/^Bearer /, '')

function serverRoutes({ passwordPolicy = {}, delegatesTo }: StandInOptions): StandInRoute[] {
  const open = { method: 'GET', to: 'everybody' } as const
  return [
    { ...open, path: '/_matrix/client/versions', handle: () => ok({ versions: ['v1.11', 'v1.12'] }) },
    { ...open, path: '/_synapse/admin/v1/server_version', handle: () => ok({ server_version: '1.160.0' }) },
    {
      ...open,
      path: '/_matrix/client/v1/auth_metadata',
      handle: () =>
        delegatesTo === undefined
          ? problem(404, 'M_UNRECOGNIZED', 'Unrecognized request')
          : ok({ issuer: delegatesTo }),
    },
    { ...open, path: '/_matrix/client/v3/password_policy', handle: () => ok(passwordPolicy) },
  ]
}

/** Null for anything but a JSON object. Synapse ignores the content type except for forms. */
function readBody(text: string, type = ''): Record<string, unknown> | null {
  if (text === '') return {}
  if (type.startsWith('application/x-www-form-urlencoded') && !text.startsWith('{'))
    return Object.fromEntries(new URLSearchParams(text))
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null
  } catch {
    return null // Told to the sender.
  }
}
