import * as v from 'valibot'
import { reactionKey } from '$lib/moderation/reaction-key'
import type { RoomEvent } from '$lib/moderation/room-event'

/** What the moderators' room is asked for. Who is in it, as a kick is not told otherwise. */
export const EVENT_TYPES = [
  'm.reaction',
  'm.room.redaction',
  'm.room.message',
  'm.room.encryption',
  'm.room.encrypted',
  'm.room.tombstone',
  'm.room.member',
]

/** Beyond every limit for a text here: one that was cut is still too long. */
export const LONGEST_TEXT = 65_536

const id = v.pipe(v.string(), v.nonEmpty(), v.maxLength(255))
const eventSchema = v.object({
  type: v.string(),
  event_id: id,
  sender: id,
  origin_server_ts: v.fallback(v.optional(v.pipe(v.number(), v.safeInteger())), undefined),
  state_key: v.optional(v.string()),
  content: v.record(v.string(), v.unknown()),
  redacts: v.optional(v.string()),
  unsigned: v.optional(v.looseObject({ redacted_because: v.optional(v.unknown()) })),
})
type Event = v.InferOutput<typeof eventSchema>

const annotationSchema = v.object({
  'm.relates_to': v.object({
    rel_type: v.literal('m.annotation'),
    event_id: id,
    // Far longer than every sign.
    key: v.pipe(v.string(), v.maxLength(255)),
  }),
})
const redactionSchema = v.object({ redacts: id })
const messageSchema = v.object({ msgtype: v.literal('m.text'), body: v.string() })
const ciphertextSchema = v.looseObject({ algorithm: v.string() })
const relationSchema = v.object({
  rel_type: v.optional(v.string()),
  event_id: v.optional(id),
  'm.in_reply_to': v.optional(v.object({ event_id: id })),
})
const tombstoneSchema = v.object({ replacement_room: id })

/**
 * What an event of a room (Matrix client API, "ClientEventWithoutRoomID") is here; null for one that is not looked at:
 * by `own`, this program's account, an edit, a bot's words, talk, one that was taken back, or none at all.
 */
export function readEvent(raw: unknown, own: string): RoomEvent | null {
  const parsed = v.safeParse(eventSchema, raw)
  if (!parsed.success || parsed.output.sender === own) return null
  const event = parsed.output
  const { event_id: eventId, sender, content, origin_server_ts: sentAt } = event
  const sent = sentAt === undefined ? {} : { sentAt }
  if (event.type === 'm.room.redaction') {
    const target = redactedBy(event)
    return target === null ? null : { type: 'redaction', eventId, sender, target }
  }
  if (event.unsigned?.redacted_because !== undefined) return null
  switch (event.type) {
    case 'm.reaction': {
      const annotation = v.safeParse(annotationSchema, content)
      if (!annotation.success) return null
      const { event_id: target, key } = annotation.output['m.relates_to']
      return { type: 'reaction', eventId, sender, target, key: reactionKey(key), ...sent }
    }
    case 'm.room.message': {
      const message = v.safeParse(messageSchema, content)
      const answered = answeredBy(content)
      if (!message.success || answered.edit || answered.target === null) return null
      const text = cut(withoutQuote(message.output.body))
      return { type: 'answer', eventId, sender, target: answered.target, text, ...sent }
    }
    case 'm.room.encrypted': {
      const answered = answeredBy(content)
      if (!v.is(ciphertextSchema, content) || answered.edit) return null
      return { type: 'encrypted_message', eventId, sender, target: answered.target }
    }
    // Anybody may send an event that is only named so: what the room says of itself has a state key.
    case 'm.room.encryption':
      return event.state_key === '' ? { type: 'encrypted', eventId, sender } : null
    case 'm.room.tombstone': {
      const tombstone = v.safeParse(tombstoneSchema, content)
      const by = tombstone.success ? tombstone.output.replacement_room : null
      return event.state_key === '' ? { type: 'replaced', eventId, sender, by } : null
    }
  }
  return null
}

/** From room version 11 in the content, before beside it; Synapse tells both. */
function redactedBy({ content, redacts }: Event): string | null {
  for (const place of [content, { redacts }]) {
    const found = v.safeParse(redactionSchema, place)
    if (found.success) return found.output.redacts
  }
  return null
}

/**
 * The message that one replies to. Within a thread always its beginning, whichever message of it is quoted: what is
 * decided about is there, and a client that knows no threads quotes the newest one (`is_falling_back`).
 */
function answeredBy(content: Event['content']): { target: string | null; edit: boolean } {
  const relation = v.safeParse(relationSchema, content['m.relates_to'])
  if (!relation.success) return { target: null, edit: false }
  const { rel_type: kind, event_id: related, 'm.in_reply_to': reply } = relation.output
  const target = kind === 'm.thread' ? related : (reply?.event_id ?? null)
  return { target: target ?? null, edit: kind === 'm.replace' }
}

/** Matrix client API, "Rich replies", until 1.13: the lines that are quoted come first, and an empty one after them. */
function withoutQuote(body: string): string {
  const lines = body.split('\n')
  const start = lines.findIndex((line) => !/^>( |$)/.test(line))
  if (start === 0) return body
  const rest = start === -1 ? [] : lines.slice(start)
  return (rest[0] === '' ? rest.slice(1) : rest).join('\n')
}

/** Not within a character. */
const cut = (text: string): string =>
  text.length <= LONGEST_TEXT ? text : [...text].slice(0, LONGEST_TEXT).join('')
