import * as v from 'valibot'
import type { HomeserverInspection } from './inspection'
import type { AccessToken } from './access-token'
import { notFromIt, parseJson, readProblem } from './answer-errors'
import type { ServerOptions } from './server-call'
import { createSynapseCall } from './synapse-call'

const CLIENT_API = '/_matrix/client/v3'
const ADMIN_API = '/_synapse/admin/v1'
/** From this version on, a room's creators stand above all power levels (Matrix 1.16, room version 12). */
const CREATORS_VERSION = 12
/** Bytes. A Synapse before 1.123 tells everything that a room says of itself, with all who were ever in it. */
const LONGEST_STATE = 20_000_000

const SINGLE_SIGN_ON = 'm.login.sso'
/** Matrix client API, `GET /login`. */
const flowsSchema = v.object({
  flows: v.array(
    v.object({
      type: v.string(),
      identity_providers: v.optional(v.array(v.object({ name: v.string() })), []),
    }),
  ),
})
const stagesSchema = v.object({ flows: v.array(v.object({ stages: v.array(v.string()) })) })
const aliasSchema = v.object({ room_id: v.string() })
const roomSchema = v.object({
  version: v.nullish(v.string(), '1'),
  creator: v.nullish(v.string(), ''),
  encryption: v.nullish(v.string()),
  join_rules: v.nullish(v.string(), ''),
})
const membershipsSchema = v.object({ memberships: v.record(v.string(), v.string()) })
const joinedSchema = v.object({ joined_rooms: v.array(v.string()) })
const stateSchema = v.object({
  state: v.array(v.object({ type: v.string(), state_key: v.string(), content: v.unknown() })),
})
const power = (otherwise: number) => v.optional(v.fallback(v.number(), otherwise), otherwise)
/** Matrix client API, `m.room.power_levels`, with its defaults. */
const powerSchema = v.object({
  invite: power(0),
  events_default: power(0),
  users_default: power(0),
  events: v.optional(v.record(v.string(), v.unknown()), {}),
  users: v.optional(v.record(v.string(), v.unknown()), {}),
})
const createSchema = v.object({ additional_creators: v.optional(v.array(v.string()), []) })

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

/** Asks a Synapse (measured with 1.160) what a check of the set-up wants to know. */
export function createSynapseInspection(
  options: ServerOptions & { token: AccessToken },
): HomeserverInspection {
  const { server, send, call, grant, parse } = createSynapseCall(options)
  const long = createSynapseCall({ ...options, longestAnswer: LONGEST_STATE })
  const headers = { accept: 'application/json' }

  /** What a room says of itself by a type, or null if it says nothing. The account of the token need not be in it. */
  async function state<T extends v.GenericSchema>(schema: T, roomId: string, type: string, task: string) {
    const path = `${ADMIN_API}/rooms/${encodeURIComponent(roomId)}/state?${new URLSearchParams({ type }).toString()}`
    const { state: events } = await long.grant(stateSchema, 'GET', path, task)
    const event = events.find((one) => one.type === type && one.state_key === '')
    return event === undefined ? null : parse(schema, event.content, task)
  }

  const signInFlows = async (task: string) =>
    (await grant(flowsSchema, 'GET', `${CLIENT_API}/login`, task)).flows

  /** `join`, `invite` or another membership of Matrix; an older Synapse tells only the first. */
  async function membership(roomId: string, userId: string, task: string): Promise<string> {
    const user = `${ADMIN_API}/users/${encodeURIComponent(userId)}`
    const reply = await call('GET', `${user}/memberships`, task)
    if (reply.granted) return parse(membershipsSchema, reply.body, task).memberships[roomId] ?? 'leave'
    if (reply.status !== 404) throw reply.error
    const { joined_rooms: joined } = await grant(joinedSchema, 'GET', `${user}/joined_rooms`, task)
    return joined.includes(roomId) ? 'join' : 'leave'
  }

  return {
    remedies: {
      passwordLogin: 'Set password_config.enabled: true in homeserver.yaml',
      ownRegistration: 'Set enable_registration: false in homeserver.yaml',
      upstreamRegistration:
        'Set enable_registration: false for each of them in homeserver.yaml (oidc_providers, cas_config), or remove them; Synapse does not tell whether it is set, so this stays as a reminder',
    },

    async upstreamProviders() {
      const flows = await signInFlows('ask for the single sign-on providers')
      return flows
        .filter(({ type }) => type === SINGLE_SIGN_ON)
        .flatMap(({ identity_providers: providers }) =>
          providers.length === 0 ? ['single sign-on'] : providers.map(({ name }) => name),
        )
        .map((name) => ({ name, registers: true }))
    },

    async time() {
      const task = 'ask what time it is there'
      const answer = await send({ method: 'GET', path: '/_matrix/client/versions', headers }, task)
      if (answer.status !== 200 || parseJson(answer.body) === undefined) throw notFromIt(task, server, answer)
      const time = Date.parse(answer.headers.date ?? '')
      return Number.isNaN(time) ? null : time
    },

    async signsInByPassword() {
      const flows = await signInFlows('ask how people sign in')
      return flows.some(({ type }) => type === 'm.login.password')
    },

    async ownRegistration() {
      const task = 'ask who can register'
      const answer = await send(
        {
          method: 'POST',
          path: `${CLIENT_API}/register`,
          headers: { ...headers, 'content-type': 'application/json', 'content-length': 2 },
          body: '{}',
        },
        task,
      )
      const body = parseJson(answer.body)
      const asked = v.safeParse(stagesSchema, body)
      if (answer.status === 401 && asked.success)
        return asked.output.flows.some(({ stages }) => !stages.includes('m.login.registration_token'))
          ? 'open'
          : 'token'
      if (answer.status >= 400 && readProblem(body) !== null) return 'closed'
      throw notFromIt(task, server, answer)
    },

    async room(idOrAlias, userId) {
      const task = `look at the room ${idOrAlias}`
      const id = idOrAlias.startsWith('#')
        ? (
            await grant(
              aliasSchema,
              'GET',
              `${CLIENT_API}/directory/room/${encodeURIComponent(idOrAlias)}`,
              task,
            )
          ).room_id
        : idOrAlias
      const room = await grant(roomSchema, 'GET', `${ADMIN_API}/rooms/${encodeURIComponent(id)}`, task)
      const own = await membership(id, userId, task)
      const joined = own === 'join'
      const isPublic = room.join_rules === 'public'
      const mayJoin = isPublic || own === 'invite'
      const seen = { joined, mayJoin, encrypted: room.encryption != null, public: isPublic }
      if (!joined) return { ...seen, mayInvite: false, mayWrite: false }
      const levels =
        (await state(powerSchema, id, 'm.room.power_levels', task)) ?? parse(powerSchema, {}, task)
      const isAbove =
        Number(room.version) >= CREATORS_VERSION &&
        [
          room.creator,
          ...((await state(createSchema, id, 'm.room.create', task))?.additional_creators ?? []),
        ].includes(userId)
      const level = isAbove ? Infinity : numberOr(levels.users[userId], levels.users_default)
      return {
        ...seen,
        mayInvite: level >= levels.invite,
        mayWrite: level >= numberOr(levels.events['m.room.message'], levels.events_default),
      }
    },
  }
}
