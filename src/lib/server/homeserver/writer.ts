import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { matrixId } from '$lib/registration/username'
import { missing, refused } from './answer-errors'
import type { Homeserver, RoomMessage } from './homeserver'
import { CLIENT_API, createRoomNames, roomSchema } from './room-names'
import type { SynapseCall } from './synapse-call'

export type Writer = Pick<
  Homeserver,
  'sendMessage' | 'editMessage' | 'react' | 'redact' | 'enterRoom' | 'roomId' | 'directRoom'
>

/** How the account that speaks gets into a room that it may not join by itself. */
export interface Entrance {
  /** Whom an operator has to invite, as a message names it. */
  invite: string
  /** Brings it in; answers whether it is in now. */
  bringIn?: (room: string) => Promise<boolean>
}

const sentSchema = v.object({ event_id: v.string() })

/** What is said in rooms, through Synapse's client API, by the account whose token `call` has. */
export function createWriter(
  { call, grant, parse }: SynapseCall,
  domain: string,
  { invite, bringIn }: Entrance,
): Writer {
  const { resolve } = createRoomNames({ grant })

  /** Joins the room; throws, with what to do, if that is not allowed. */
  async function enter(room: string, task: string): Promise<void> {
    const joined = await call('POST', `${CLIENT_API}/join/${encodeURIComponent(room)}`, task, {})
    if (joined.granted) return
    if (joined.status !== 403) throw joined.error
    if (await bringIn?.(room)) return
    throw refused(task, `we are not allowed to join it (${joined.said}); invite ${invite}`)
  }

  /** Puts an event into a room, from within it. `what`: the end of the path. */
  async function put(room: string, what: readonly string[], content: object, task: string) {
    const roomId = await resolve(room, task)
    const path = [`${CLIENT_API}/rooms`, ...[roomId, ...what].map(encodeURIComponent)].join('/')
    const reply = await call('PUT', path, task, content)
    if (reply.granted || reply.status !== 403) return reply
    await enter(room, task)
    return call('PUT', path, task, content)
  }

  const sendEvent = (room: string, type: string, transactionId: string, content: object, task: string) =>
    put(room, ['send', type, transactionId], content, task)

  return {
    async sendMessage(room, transactionId, message) {
      const task = `send a message to the room ${room}`
      const reply = await sendEvent(room, 'm.room.message', transactionId, inThread(message), task)
      if (reply.granted) return parse(sentSchema, reply.body, task).event_id
      if (isUnknownEvent(reply)) throw missing(task, 'the message that it answers is not there')
      throw reply.error
    },

    async editMessage(room, eventId, transactionId, message) {
      const task = `change a message in the room ${room}`
      const content = replacing(eventId, message)
      const reply = await sendEvent(room, 'm.room.message', transactionId, content, task)
      if (reply.granted) {
        parse(sentSchema, reply.body, task)
        return 'edited'
      }
      if (isUnknownEvent(reply)) return 'gone'
      throw reply.error
    },

    async react(room, eventId, transactionId, key) {
      const task = `react in the room ${room}`
      const relation = { rel_type: 'm.annotation', event_id: eventId, key }
      const reply = await sendEvent(room, 'm.reaction', transactionId, { 'm.relates_to': relation }, task)
      if (reply.granted) return parse(sentSchema, reply.body, task).event_id
      if (reply.errcode === 'M_DUPLICATE_ANNOTATION' || isUnknownEvent(reply)) return null
      throw reply.error
    },

    async redact(room, eventId, transactionId) {
      const task = `take a message out of the room ${room}`
      const reply = await put(room, ['redact', eventId, transactionId], {}, task)
      if (reply.granted) {
        parse(sentSchema, reply.body, task)
        return 'redacted'
      }
      if (reply.errcode === 'M_NOT_FOUND') return 'gone'
      throw reply.error
    },

    enterRoom: (room) => enter(room, `enter the room ${room}`),

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
const isUnknownEvent = ({ status, errcode }: { status: number; errcode: string }): boolean =>
  status === 400 && errcode === 'M_UNKNOWN'

/** Matrix client API, "Event replacements": for clients that do not know them, the new words with a star. */
function replacing(eventId: string, { text, notice, ...message }: RoomMessage): object {
  const kind = notice === undefined ? {} : { notice }
  return {
    ...contentOf({ text: `* ${text}`, ...kind }),
    'm.new_content': contentOf({ text, ...kind, ...message }),
    'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
  }
}

/** Matrix client API, "Threading": for clients that do not know threads, a reply to what it begins with. */
function inThread({ thread, ...message }: RoomMessage): object {
  if (thread === undefined) return contentOf(message)
  return {
    ...contentOf(message),
    'm.relates_to': {
      rel_type: 'm.thread',
      event_id: thread,
      is_falling_back: true,
      'm.in_reply_to': { event_id: thread },
    },
  }
}

/** Matrix client API, "m.text". Without `m.mentions`, `@room` in it would notify everybody. */
function contentOf({ text, html, notice = false, mentions = [] }: RoomMessage): object {
  const plain = {
    msgtype: notice ? 'm.notice' : 'm.text',
    body: text,
    'm.mentions': mentions.length === 0 ? {} : { user_ids: mentions },
  }
  return html === undefined ? plain : { ...plain, format: 'org.matrix.custom.html', formatted_body: html }
}
