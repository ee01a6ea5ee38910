import * as v from 'valibot'
import { ok, problem, type StandInAnswer, type StandInRequest, type StandInRoute } from './route'
import type { StandInRoom, StandInState } from './state'

/** Since room version 12, who made a room stands above everybody. */
const CREATORS_VERSION = 12
/** The level that takes changing what a room says of itself, sending somebody away and taking out another's words. */
export const MODERATOR_LEVEL = 50

const levelsSchema = v.object({
  users: v.optional(v.record(v.string(), v.number()), {}),
  users_default: v.optional(v.number(), 0),
})
const joinRulesSchema = v.object({ join_rule: v.string() })

/** What a room says of itself, and who is in it, as Synapse 1.160 answers. */
export function roomStateRoutes({ rooms, stream }: StandInState): StandInRoute[] {
  const forbidden = (text: string) => problem(403, 'M_FORBIDDEN', text)

  function read({ caller, at }: StandInRequest): StandInAnswer {
    const room = rooms.get(at('room'))
    if (room?.members.has(caller.id) !== true)
      return forbidden(`User ${caller.id} not in room ${at('room')}, and room previews are disabled`)
    const content = contentOf(room, at('type'))
    return content === null ? problem(404, 'M_NOT_FOUND', 'Event not found.') : ok(content)
  }

  /** What it says of itself by one type, to an administrator, who need not be in it. */
  function list({ at, query }: StandInRequest): StandInAnswer {
    const room = rooms.get(at('room'))
    if (room === undefined) return problem(404, 'M_NOT_FOUND', 'Room not found')
    const type = query.get('type') ?? ''
    const content = contentOf(room, type)
    return ok({ state: content === null ? [] : [{ type, state_key: '', content }] })
  }

  function put({ caller, at, body }: StandInRequest): StandInAnswer {
    const [room, type] = [rooms.get(at('room')), at('type')]
    if (room?.members.has(caller.id) !== true) return forbidden(`User ${caller.id} not in room ${at('room')}`)
    if (standing(room, caller.id) < MODERATOR_LEVEL)
      return forbidden("You don't have permission to post that to the room.")
    if (type === 'm.room.power_levels') room.power = body
    else room.state.set(type, body)
    if (type === 'm.room.join_rules' && v.is(joinRulesSchema, body)) room.public = body.join_rule === 'public'
    if (type === 'm.room.encryption') room.encrypted = true
    const content = body
    const { eventId } = stream.push({ room: room.id, type, sender: caller.id, stateKey: '', content })
    return ok({ event_id: eventId })
  }

  function kick({ caller, at, body }: StandInRequest): StandInAnswer {
    const [room, user] = [rooms.get(at('room')), String(body['user_id'])]
    if (room?.members.has(caller.id) !== true) return forbidden(`User ${caller.id} not in room ${at('room')}`)
    const rank = standing(room, caller.id)
    if (rank < MODERATOR_LEVEL || rank <= standing(room, user))
      return forbidden(`You cannot kick user ${user}.`)
    room.members.delete(user)
    room.invited.delete(user)
    stream.tellMember(room.id, caller.id, user, 'leave')
    return ok({})
  }

  const client = '/_matrix/client/v3'
  return [
    { method: 'GET', to: 'users', path: `${client}/rooms/:room/state/:type/`, handle: read },
    { method: 'GET', to: 'admins', path: '/_synapse/admin/v1/rooms/:room/state', handle: list },
    { method: 'PUT', to: 'users', path: `${client}/rooms/:room/state/:type/`, handle: put },
    { method: 'POST', to: 'users', path: `${client}/rooms/:room/kick`, handle: kick },
    {
      method: 'GET',
      to: 'users',
      path: `${client}/rooms/:room/joined_members`,
      handle({ caller, at }) {
        const members = rooms.get(at('room'))?.members
        if (members?.has(caller.id) !== true) return forbidden('You are not a current member of the room')
        return ok({ joined: Object.fromEntries([...members].map((id) => [id, { avatar_url: null }])) })
      },
    },
    {
      method: 'GET',
      to: 'everybody',
      path: `${client}/directory/list/room/:room`,
      handle({ at }) {
        const room = rooms.get(at('room'))
        if (room === undefined) return problem(404, 'M_NOT_FOUND', 'Unknown room')
        return ok({ visibility: room.listed ? 'public' : 'private' })
      },
    },
  ]
}

/** The power of an account in a room. */
export function standing({ power, version, creator }: StandInRoom, user: string): number {
  if (user === creator && Number(version) >= CREATORS_VERSION) return Infinity
  const levels = v.safeParse(levelsSchema, power)
  return levels.success ? (levels.output.users[user] ?? levels.output.users_default) : 0
}

function contentOf({ power, version, encrypted, state, ...room }: StandInRoom, type: string): object | null {
  if (type === 'm.room.power_levels') return power
  if (type === 'm.room.create') return { room_version: version }
  if (state.has(type)) return state.get(type) ?? null
  if (type === 'm.room.join_rules') return { join_rule: room.public ? 'public' : 'invite' }
  if (type === 'm.room.history_visibility') return { history_visibility: 'shared' }
  if (type === 'm.room.encryption' && encrypted) return { algorithm: 'm.megolm.v1.aes-sha2' }
  return null
}
