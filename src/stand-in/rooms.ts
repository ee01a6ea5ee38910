import { ok, problem, suspended, type StandInAnswer, type StandInRequest, type StandInRoute } from './route'
import type { StandInRoom, StandInState, StandInUser } from './state'

/** Synapse's default `rc_message`. */
const BURST = 10
const PER_SECOND = 0.2

/** Rooms and messages, as Synapse 1.160 answers. */
export function roomRoutes(state: StandInState): StandInRoute[] {
  const { options, rooms, users, unique } = state
  const forbidden = (text: string) => problem(403, 'M_FORBIDDEN', text)
  const allowance = createAllowance(state)

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

  function send(type: string, { caller, hasDevice, at, body }: StandInRequest): StandInAnswer {
    const room = rooms.get(at('room'))
    if (caller.suspended) return suspended('Sending messages')
    if (!room?.members.has(caller.id)) return forbidden(`User ${caller.id} not in room ${at('room')}`)
    const transactionId = at('transaction')
    const same = room.messages.find((one) => one.sender === caller.id && one.transactionId === transactionId)
    if (same !== undefined) return ok({ event_id: same.eventId })
    // element-hq/synapse#19606
    if (!hasDevice) return problem(500, 'M_UNKNOWN', 'Internal server error')
    const wait = state.unlimited.has(caller.id) ? 0 : allowance()
    if (wait > 0)
      return {
        ...problem(429, 'M_LIMIT_EXCEEDED', 'Too Many Requests', { retry_after_ms: wait }),
        headers: { 'retry-after': String(Math.ceil(wait / 1000)) },
      }
    const target = relatedTo(body)
    if (target !== null && !room.messages.some(({ eventId }) => eventId === target))
      return problem(400, 'M_UNKNOWN', "Can't send relation to unknown event")
    const isRepeated = room.messages.some(
      (one) =>
        type === 'm.reaction' &&
        one.type === type &&
        one.sender === caller.id &&
        JSON.stringify(one.content) === JSON.stringify(body),
    )
    if (isRepeated) return problem(400, 'M_DUPLICATE_ANNOTATION', "Can't send same reaction twice")
    return put(room, { type, sender: caller.id, transactionId, content: body })
  }

  function put(room: StandInRoom, event: Omit<StandInRoom['messages'][number], 'eventId'>): StandInAnswer {
    const eventId = `$${unique(40)}`
    room.messages.push({ ...event, eventId })
    return ok({ event_id: eventId })
  }

  function redact({ caller, at }: StandInRequest): StandInAnswer {
    const room = rooms.get(at('room'))
    if (!room?.members.has(caller.id)) return forbidden(`User ${caller.id} not in room ${at('room')}`)
    const transactionId = at('transaction')
    const same = room.messages.find((one) => one.sender === caller.id && one.transactionId === transactionId)
    if (same !== undefined) return ok({ event_id: same.eventId })
    const target = room.messages.find(({ eventId }) => eventId === at('event'))
    if (target === undefined) return problem(404, 'M_NOT_FOUND', `Could not find event ${at('event')}`)
    target.content = {}
    const content = { redacts: target.eventId }
    return put(room, { type: 'm.room.redaction', sender: caller.id, transactionId, content })
  }

  function create({ caller, body }: StandInRequest): StandInAnswer {
    if (caller.suspended) return suspended('Sending messages')
    const { room_alias_name: name, invite, preset, power_level_content_override: power } = body
    const { initial_state: initial = [], room_version: version = '11' } = body
    const alias = typeof name === 'string' ? `#${name}:${options.domain}` : null
    if (alias !== null && state.room(alias)) return problem(400, 'M_ROOM_IN_USE', 'Room alias already taken')
    const room = state.addRoom(caller.id, {
      aliases: alias === null ? [] : [alias],
      public: preset === 'public_chat',
      invited: new Set(Array.isArray(invite) ? invite.map(String) : []),
      name: typeof body['name'] === 'string' ? body['name'] : null,
      encrypted: JSON.stringify(initial).includes('"m.room.encryption"'),
      version: String(version),
    })
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

  /** A state event, for who is in the room. */
  function readState({ caller, at }: StandInRequest, content: (room: StandInRoom) => object): StandInAnswer {
    const room = rooms.get(at('room'))
    if (room?.members.has(caller.id) === true) return ok(content(room))
    return forbidden(`User ${caller.id} not in room ${at('room')}, and room previews are disabled`)
  }

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
      path: `${client}/rooms/:room/state/m.room.power_levels/`,
      to: 'users',
      handle: (request) => readState(request, ({ power }) => power),
    },
    {
      method: 'GET',
      path: `${client}/rooms/:room/state/m.room.create/`,
      to: 'users',
      handle: (request) => readState(request, ({ version }) => ({ room_version: version })),
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
    {
      method: 'PUT',
      path: `${client}/rooms/:room/send/m.room.message/:transaction`,
      to: 'users',
      handle: (request) => send('m.room.message', request),
    },
    {
      method: 'PUT',
      path: `${client}/rooms/:room/send/m.reaction/:transaction`,
      to: 'users',
      handle: (request) => send('m.reaction', request),
    },
    {
      method: 'PUT',
      path: `${client}/rooms/:room/redact/:event/:transaction`,
      to: 'users',
      handle: redact,
    },
    {
      method: 'GET',
      path: `${client}/rooms/:room/messages`,
      to: 'users',
      handle({ caller, at }) {
        const room = rooms.get(at('room'))
        if (!room?.members.has(caller.id)) return forbidden(`User ${caller.id} not in room ${at('room')}`)
        const chunk = room.messages.map(({ type = 'm.room.message', sender, eventId, content }) => ({
          type,
          sender,
          event_id: eventId,
          content,
        }))
        return ok({ start: 's', chunk: chunk.reverse() })
      },
    },
  ]
}

/** The event that a message relates to by a `rel_type`. */
function relatedTo({ 'm.relates_to': relation }: StandInRequest['body']): string | null {
  if (typeof relation !== 'object' || relation === null) return null
  return 'rel_type' in relation && 'event_id' in relation ? String(relation.event_id) : null
}

/** Returns a function that takes one message from the allowance, or tells how many ms to wait for it. */
function createAllowance({ options, clock }: StandInState): () => number {
  let left = BURST
  let at = clock()
  return () => {
    if (options.rateLimits !== true) return 0
    const now = clock()
    left = Math.min(BURST, left + ((now - at) / 1000) * PER_SECOND)
    at = now
    if (left < 1) return Math.ceil(((1 - left) / PER_SECOND) * 1000)
    left -= 1
    return 0
  }
}
