import * as v from 'valibot'
import { ok, problem, suspended, type StandInAnswer, type StandInRequest, type StandInRoute } from './route'
import type { StandInRoom, StandInState, StandInUser } from './state'

const initialSchema = v.array(v.object({ type: v.string(), content: v.record(v.string(), v.unknown()) }))

/** Making, joining and leaving rooms, as Synapse 1.160 answers. */
export function roomRoutes(state: StandInState): StandInRoute[] {
  const { options, rooms, users, stream } = state
  const forbidden = (text: string) => problem(403, 'M_FORBIDDEN', text)

  function find(identifier: string, then: (room: StandInRoom) => StandInAnswer): StandInAnswer {
    const room = state.room(identifier)
    if (room !== undefined) return then(room)
    if (identifier.startsWith('#')) return problem(404, 'M_NOT_FOUND', `Room alias ${identifier} not found`)
    if (identifier.startsWith('!'))
      return problem(
        404,
        'M_UNKNOWN',
        "Can't join remote room because no servers that are in the room have been provided.",
      )
    return problem(400, 'M_UNKNOWN', `${identifier} was not legal room ID or room alias`)
  }

  const joinedBy = (user: string) =>
    [...rooms.values()].filter(({ members }) => members.has(user)).map(({ id }) => id)

  function enter(room: StandInRoom, user: string): StandInAnswer {
    if (users.get(user)?.suspended === true && !room.members.has(user)) return suspended('Joining rooms')
    room.invited.delete(user)
    if (!room.members.has(user)) stream.tellMember(room.id, user, user, 'join')
    room.members.add(user)
    return ok({ room_id: room.id })
  }

  /** The admin API first invites, in the administrator's name, if necessary. */
  function bring(caller: StandInUser, identifier: string, userId: string): StandInAnswer {
    if (!userId.endsWith(`:${options.domain}`))
      return problem(400, 'M_UNKNOWN', 'This endpoint can only be used with local users')
    if (!users.has(userId)) return problem(404, 'M_NOT_FOUND', 'User not found')
    return find(identifier, (room) => {
      if (!room.public && !room.members.has(caller.id))
        return forbidden(`${caller.id} not in room ${room.id}.`)
      if (!room.public && room.members.has(userId)) return forbidden(`${userId} is already in the room.`)
      return enter(room, userId)
    })
  }

  function create({ caller, body }: StandInRequest): StandInAnswer {
    if (caller.suspended) return suspended('Sending messages')
    const { room_alias_name: name, invite, preset, power_level_content_override: power } = body
    const { initial_state: initial = [], room_version: version = '11', visibility } = body
    const alias = typeof name === 'string' ? `#${name}:${options.domain}` : null
    if (alias !== null && state.room(alias)) return problem(400, 'M_ROOM_IN_USE', 'Room alias already taken')
    const room = state.addRoom(caller.id, {
      aliases: alias === null ? [] : [alias],
      public: preset === 'public_chat',
      invited: new Set(Array.isArray(invite) ? invite.map(String) : []),
      name: typeof body['name'] === 'string' ? body['name'] : null,
      encrypted: JSON.stringify(initial).includes('"m.room.encryption"'),
      listed: options.listsRooms === true && visibility === 'public',
      version: String(version),
    })
    for (const event of v.is(initialSchema, initial) ? initial : []) room.state.set(event.type, event.content)
    if (typeof power === 'object') room.power = { ...room.power, ...power }
    // Its creators stand above all levels, and are in none.
    if (Number(version) >= 12) delete room.power['users']
    return ok({ room_id: room.id })
  }

  const describe = ({ id, name, aliases, members, ...room }: StandInRoom): StandInAnswer =>
    ok({
      room_id: id,
      name,
      canonical_alias: aliases[0] ?? null,
      joined_members: members.size,
      version: room.version,
      creator: room.creator,
      encryption: room.encrypted ? 'm.megolm.v1.aes-sha2' : null,
      join_rules: room.public ? 'public' : 'invite',
    })

  const client = '/_matrix/client/v3'
  return [
    {
      method: 'GET',
      path: '/_synapse/admin/v1/users/:user/joined_rooms',
      to: 'admins',
      handle({ at }) {
        const joined = joinedBy(at('user'))
        return ok({ joined_rooms: joined, total: joined.length })
      },
    },
    {
      method: 'POST',
      path: '/_synapse/admin/v1/join/:room',
      to: 'admins',
      handle: ({ caller, at, body }) => bring(caller, at('room'), String(body['user_id'])),
    },
    {
      method: 'POST',
      path: `${client}/join/:room`,
      to: 'users',
      handle: ({ caller, at }) =>
        find(at('room'), (room) =>
          room.public || room.invited.has(caller.id) || room.members.has(caller.id)
            ? enter(room, caller.id)
            : forbidden('You are not invited to this room.'),
        ),
    },
    {
      method: 'GET',
      path: `${client}/joined_rooms`,
      to: 'users',
      handle: ({ caller }) => ok({ joined_rooms: joinedBy(caller.id) }),
    },
    {
      method: 'GET',
      path: `${client}/directory/room/:alias`,
      to: 'everybody',
      handle: ({ at }) => find(at('alias'), ({ id }) => ok({ room_id: id, servers: [options.domain] })),
    },
    {
      method: 'POST',
      path: `${client}/rooms/:room/invite`,
      to: 'users',
      handle: ({ caller, at, body }) =>
        find(at('room'), (room) => {
          if (!room.members.has(caller.id)) return forbidden(`User ${caller.id} not in room ${room.id}`)
          room.invited.add(String(body['user_id']))
          return ok({})
        }),
    },
    {
      method: 'POST',
      path: `${client}/rooms/:room/leave`,
      to: 'users',
      handle: ({ caller, at }) =>
        find(at('room'), (room) => {
          if (!room.members.delete(caller.id) && !room.invited.delete(caller.id))
            return forbidden(`User ${caller.id} not in room ${room.id}`)
          stream.tellMember(room.id, caller.id, caller.id, 'leave')
          return ok({})
        }),
    },
    { method: 'POST', path: `${client}/createRoom`, to: 'users', handle: create },
    {
      method: 'GET',
      path: '/_synapse/admin/v1/rooms/:room',
      to: 'admins',
      handle({ at }) {
        const room = rooms.get(at('room'))
        return room === undefined ? problem(404, 'M_NOT_FOUND', 'Room not found') : describe(room)
      },
    },
    {
      method: 'GET',
      path: '/_synapse/admin/v1/users/:user/memberships',
      to: 'admins',
      handle({ at }) {
        const user = at('user')
        const all = [...rooms.values()].flatMap(({ id, members, invited }) =>
          members.has(user) ? [[id, 'join']] : invited.has(user) ? [[id, 'invite']] : [],
        )
        return ok({ memberships: Object.fromEntries(all) })
      },
    },
  ]
}
