import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { matrixId } from '$lib/registration/username'
import type { Homeserver, RoomMessage } from './homeserver'
import type { AccessToken } from './access-token'
import type { Reply, SynapseCall } from './synapse-call'
import { missing, refused } from './answer-errors'

type Rooms = Pick<
  Homeserver,
  'joinedRooms' | 'joinRoom' | 'sendMessage' | 'editMessage' | 'react' | 'redact' | 'roomId' | 'directRoom'
>

const roomSchema = v.object({ room_id: v.string() })
const joinedSchema = v.object({ joined_rooms: v.array(v.string()) })
const sentSchema = v.object({ event_id: v.string() })

const SUSPENDED = 'the account is suspended; try again when that is over'
const CLIENT_API = '/_matrix/client/v3'

/** Rooms and messages through Synapse's admin and client API. */
export function createSynapseRooms(
  { call, grant, parse }: SynapseCall,
  domain: string,
  { owner }: AccessToken,
): Rooms {
  /** Returns the ID of a room given by ID or alias. */
  async function resolve(room: string, task: string): Promise<string> {
    if (!room.startsWith('#')) return room
    const path = `${CLIENT_API}/directory/room/${encodeURIComponent(room)}`
    return (await grant(roomSchema, 'GET', path, task)).room_id
  }

  async function joinedRooms(userId: string, task: string): Promise<string[]> {
    const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/joined_rooms`
    return (await grant(joinedSchema, 'GET', path, task)).joined_rooms
  }

  /** Sends a message, or another event, from within the room. */
  async function put(
    room: string,
    transactionId: string,
    message: object,
    task: string,
    way = 'send/m.room.message',
  ) {
    const roomId = await resolve(room, task)
    const id = encodeURIComponent(transactionId)
    const path = `${CLIENT_API}/rooms/${encodeURIComponent(roomId)}/${way}/${id}`
    const reply = await call('PUT', path, task, message)
    if (reply.granted || reply.status !== 403) return reply
    const joined = await call('POST', `${CLIENT_API}/join/${encodeURIComponent(room)}`, task, {})
    if (!joined.granted && joined.status !== 403) throw joined.error
    if (!joined.granted)
      throw refused(task, `we are not allowed to join it (${joined.said}); invite ${owner}`)
    return call('PUT', path, task, message)
  }

  return {
    joinedRooms: (username) => {
      const userId = matrixId(username, domain)
      return joinedRooms(userId, `ask which rooms ${userId} is in`)
    },

    async joinRoom(username, room) {
      const userId = matrixId(username, domain)
      const task = `join ${userId} to ${room}`
      const path = `/_synapse/admin/v1/join/${encodeURIComponent(room)}`
      const reply = await call('POST', path, task, { user_id: userId })
      if (reply.granted) {
        parse(roomSchema, reply.body, task)
        return 'joined'
      }
      if (reply.status !== 403) throw reply.error
      if (reply.errcode === 'M_USER_SUSPENDED') throw refused(task, SUSPENDED)
      // 403 means "already in", or "the operator's account is not in the room", or "not an administrator".
      const [joined, roomId] = await Promise.all([joinedRooms(userId, task), resolve(room, task)])
      if (joined.includes(roomId)) return 'already'
      throw refused(
        task,
        `the homeserver refuses it (${reply.said}). ${owner[0]?.toUpperCase()}${owner.slice(1)} must be in the room and be allowed to invite`,
      )
    },

    async sendMessage(room, transactionId, message) {
      const task = `send a message to the room ${room}`
      const reply = await put(room, transactionId, content(message), task)
      if (isUnrelated(reply)) throw missing(task, 'the message that it answers is not there')
      if (!reply.granted) throw reply.error
      return parse(sentSchema, reply.body, task).event_id
    },

    async editMessage(room, eventId, transactionId, message) {
      const task = `change a message in the room ${room}`
      const reply = await put(room, transactionId, replacing(eventId, message), task)
      if (reply.granted) {
        parse(sentSchema, reply.body, task)
        return 'edited'
      }
      if (isUnrelated(reply)) return 'gone'
      throw reply.error
    },

    async react(room, eventId, transactionId, key) {
      const task = `react to a message in the room ${room}`
      const relation = { rel_type: 'm.annotation', event_id: eventId, key }
      const reply = await put(room, transactionId, { 'm.relates_to': relation }, task, 'send/m.reaction')
      if (reply.granted) return parse(sentSchema, reply.body, task).event_id
      if (isUnrelated(reply) || reply.errcode === 'M_DUPLICATE_ANNOTATION') return null
      throw reply.error
    },

    async redact(room, eventId, transactionId) {
      const task = `remove a message from the room ${room}`
      const reply = await put(room, transactionId, {}, task, `redact/${encodeURIComponent(eventId)}`)
      if (reply.granted) {
        parse(sentSchema, reply.body, task)
        return 'redacted'
      }
      if (reply.status === 404 && reply.errcode === 'M_NOT_FOUND') return 'gone'
      throw reply.error
    },

    roomId: (room) => resolve(room, `find the room ${room}`),

    async directRoom(username, key) {
      const userId = matrixId(username, domain)
      const task = `open a direct chat with ${userId}`
      const name = `registration-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`
      const reply = await call('POST', `${CLIENT_API}/createRoom`, task, {
        preset: 'trusted_private_chat',
        is_direct: true,
        invite: [userId],
        // createRoom has no transaction ID: through the alias, a repeat finds the same room.
        room_alias_name: name,
      })
      if (reply.granted) return parse(roomSchema, reply.body, task).room_id
      if (reply.errcode === 'M_ROOM_IN_USE') return resolve(`#${name}:${domain}`, task)
      throw reply.error
    },
  }
}

/** Synapse 1.160: "Can't send relation to unknown event". */
const isUnrelated = (reply: Reply) => !reply.granted && reply.status === 400 && reply.errcode === 'M_UNKNOWN'

/** Matrix client API, "Event replacements": for clients that do not know them, the new words with a star. */
function replacing(eventId: string, message: RoomMessage): object {
  return {
    ...content({ text: `* ${message.text}` }),
    'm.new_content': content(message),
    'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
  }
}

/** Matrix client API, "m.text". It mentions nobody unasked: otherwise `@room` would notify everybody. */
function content({ text, html, thread, notice, mentions }: RoomMessage): object {
  return {
    msgtype: notice === true ? 'm.notice' : 'm.text',
    body: text,
    'm.mentions': mentions === undefined ? {} : { user_ids: mentions },
    ...(html === undefined ? {} : { format: 'org.matrix.custom.html', formatted_body: html }),
    ...(thread === undefined ? {} : { 'm.relates_to': inThread(thread) }),
  }
}

/** Matrix client API, "Threading"; clients that do not know it show a reply. */
const inThread = (root: string) => ({
  rel_type: 'm.thread',
  event_id: root,
  is_falling_back: true,
  'm.in_reply_to': { event_id: root },
})
