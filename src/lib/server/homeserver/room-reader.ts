import * as v from 'valibot'
import type { RoomEvent, RoomNews, RoomTraits, StandingReaction } from '$lib/moderation/room-event'
import type { AccessToken } from './access-token'
import { refused } from './answer-errors'
import { HomeserverError } from './homeserver'
import { EVENT_TYPES, readEvent } from './room-events'
import type { ServerOptions } from './server-call'
import { CALL_TIMEOUT_MS } from './synapse'
import { createSynapseCall } from './synapse-call'

/** Reads a room as one of its members. `room` is an ID. Throws `HomeserverError` and nothing else. */
export interface RoomReader {
  /** The Matrix ID of the account that reads, whose own events are left out. */
  userId(): Promise<string>
  /** Where the room's stream ends now. */
  end(room: string): Promise<string>
  /**
   * What happened since; waits up to `wait` ms (30 s, and never longer than 40) for something. `signal` ends the wait: it
   * then answers nothing new. The same place asked again tells the same again. Throws `StreamLost` if the homeserver does
   * not know the place; it does not complain about one that it has not reached yet, as after a restored backup.
   */
  since(room: string, from: string, options?: { wait?: number; signal?: AbortSignal }): Promise<RoomNews>
  /**
   * What a gap left out, in order. Throws `StreamLost` like `since`, and `refused` if it is more than is read in one go.
   */
  between(room: string, from: string, to: string): Promise<RoomEvent[]>
  /**
   * The reactions of others under a message that have not been taken back, in the order in which they came. `gone`: the
   * homeserver has no such message in the room, or it was taken out of it.
   */
  standing(room: string, eventId: string): Promise<StandingReaction[] | 'gone'>
  /** Who took an event out of the room, and by which; null: it is there, or the homeserver does not know it there. */
  redactionOf(room: string, eventId: string): Promise<{ eventId: string; sender: string } | null>
  /** Null: this account is not in it. */
  traits(room: string): Promise<RoomTraits | null>
}

/** The homeserver does not know this place of the stream: begin anew at its end, and ask for what stands. */
export class StreamLost extends HomeserverError {}

/** The events of one answer. As many reactions under one message, or members' words in a gap, are read in one go. */
const NEWS_LIMIT = 50
const PAGE_LIMIT = 100
const MOST_PAGES = 50
/** Beyond `LONGEST_WAIT_MS`, so that an answer which comes at the end of the wait is not missed. */
const POLL_TIMEOUT_MS = 45_000
const WAIT_MS = 30_000
const LONGEST_WAIT_MS = 40_000
/**
 * An event has up to 64 kB, and brings the one that took it back, or changed it. Anybody in the room can fill a page with
 * such, which must not keep the others' from being read.
 */
const LONGEST_PAGE_BYTES = 40_000_000

const pieceSchema = v.object({
  timeline: v.optional(
    v.object({
      events: v.optional(v.array(v.unknown()), []),
      limited: v.optional(v.boolean(), false),
      prev_batch: v.optional(v.string()),
    }),
  ),
})
const roomsSchema = v.optional(v.record(v.string(), v.unknown()), {})
const syncSchema = v.object({
  next_batch: v.string(),
  rooms: v.optional(v.object({ join: roomsSchema, leave: roomsSchema }), {}),
})
const messagesSchema = v.object({ chunk: v.array(v.unknown()), end: v.optional(v.string()) })
const relationsSchema = v.object({ chunk: v.array(v.unknown()), next_batch: v.optional(v.string()) })
const eventSchema = v.object({
  unsigned: v.optional(v.looseObject({ redacted_because: v.optional(v.unknown()) })),
})
const redactionSchema = v.object({ event_id: v.string(), sender: v.string() })
const membersSchema = v.object({ joined: v.record(v.string(), v.unknown()) })
const joinRulesSchema = v.object({ join_rule: v.optional(v.string()) })
const visibilitySchema = v.object({ history_visibility: v.optional(v.string()) })
const tombstoneSchema = v.object({ replacement_room: v.optional(v.string(), '') })
const directorySchema = v.object({ visibility: v.string() })

const CLIENT_API = '/_matrix/client/v3'
const TASK = "read the moderators' room"

/** `userId`: this account; what it does in the room is left out. Its long polls have connections of their own. */
export function createRoomReader({
  userId,
  domain,
  ...options
}: Omit<ServerOptions, 'timeout' | 'longestAnswer'> & {
  token: AccessToken
  userId: () => Promise<string>
  domain: string
}): RoomReader {
  const pages = { ...options, longestAnswer: LONGEST_PAGE_BYTES }
  const { call, grant, parse } = createSynapseCall({ ...pages, timeout: CALL_TIMEOUT_MS })
  const poll = createSynapseCall({ ...pages, timeout: POLL_TIMEOUT_MS })
  let questions = 0

  /**
   * The path of a sync. Synapse answers the same question from a cache for two minutes, though it has news by then: so
   * no two are the same.
   */
  function syncPath(room: string, own: string, query: Record<string, string>): string {
    questions += 1
    const filter = {
      presence: { types: [] },
      account_data: { types: [], not_types: [`${Date.now()}.${questions}`] },
      room: {
        rooms: [room],
        account_data: { types: [] },
        ephemeral: { types: [] },
        state: { types: ['m.room.encryption', 'm.room.tombstone'], lazy_load_members: true },
        timeline: { types: EVENT_TYPES, not_senders: [own], limit: NEWS_LIMIT },
      },
    }
    const parts = new URLSearchParams({
      ...query,
      set_presence: 'offline',
      filter: JSON.stringify(filter),
    })
    return `${CLIENT_API}/sync?${parts.toString()}`
  }

  const inRoom = (room: string, path: string) => `${CLIENT_API}/rooms/${encodeURIComponent(room)}/${path}`

  const read = (events: unknown[], own: string): RoomEvent[] =>
    events.map((event) => readEvent(event, own)).filter((event) => event !== null)

  /** The content of what the room says of itself, or null if it says nothing. */
  async function state<T extends v.GenericSchema>(
    schema: T,
    room: string,
    type: string,
  ): Promise<v.InferOutput<T> | null> {
    const reply = await call('GET', inRoom(room, `state/${type}/`), TASK)
    if (reply.granted) return parse(schema, reply.body, TASK)
    if (reply.errcode === 'M_NOT_FOUND') return null
    throw reply.error
  }

  async function whyOpen(room: string): Promise<RoomTraits['open']> {
    const rules = await state(joinRulesSchema, room, 'm.room.join_rules')
    if (rules?.join_rule === 'public') return 'public_join'
    const history = await state(visibilitySchema, room, 'm.room.history_visibility')
    if (history?.history_visibility === 'world_readable') return 'world_readable'
    const path = `${CLIENT_API}/directory/list/room/${encodeURIComponent(room)}`
    const { visibility } = await grant(directorySchema, 'GET', path, TASK)
    return visibility === 'public' ? 'in_directory' : null
  }

  return {
    userId,

    async end(room) {
      const path = syncPath(room, await userId(), { timeout: '0' })
      return (await grant(syncSchema, 'GET', path, TASK)).next_batch
    },

    async since(room, from, { wait = WAIT_MS, signal } = {}) {
      const nothing: RoomNews = { events: [], next: from, gap: null, left: false }
      const own = await userId()
      const timeout = String(Math.min(wait, LONGEST_WAIT_MS))
      let reply
      try {
        reply = await poll.call('GET', syncPath(room, own, { since: from, timeout }), TASK, undefined, signal)
      } catch (error) {
        if (signal?.aborted === true) return nothing
        throw error
      }
      if (!reply.granted) throw reply.status === 400 ? lost(reply.said) : reply.error
      const { next_batch: next, rooms } = parse(syncSchema, reply.body, TASK)
      const left = room in (rooms.leave ?? {})
      const piece = (rooms.join ?? {})[room] ?? (rooms.leave ?? {})[room]
      const timeline = piece === undefined ? undefined : parse(pieceSchema, piece, TASK).timeline
      const gap = timeline?.limited === true ? { from, to: timeline.prev_batch ?? next } : null
      return { events: read(timeline?.events ?? [], own), next, gap, left }
    },

    async between(room, from, to) {
      const own = await userId()
      const filter = JSON.stringify({ types: EVENT_TYPES, not_senders: [own] })
      const events: RoomEvent[] = []
      let start = from
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = new URLSearchParams({ dir: 'f', from: start, to, limit: String(PAGE_LIMIT), filter })
        const reply = await call('GET', inRoom(room, `messages?${query.toString()}`), TASK)
        if (!reply.granted) throw reply.status === 400 ? lost(reply.said) : reply.error
        const { chunk, end } = parse(messagesSchema, reply.body, TASK)
        events.push(...read(chunk, own))
        if (end === undefined) return events
        start = end
      }
      throw tooMuch()
    },

    async standing(room, eventId) {
      const own = await userId()
      if (await isGone(room, eventId)) return 'gone'
      const [roomPart, eventPart] = [encodeURIComponent(room), encodeURIComponent(eventId)]
      const relations = `/_matrix/client/v1/rooms/${roomPart}/relations/${eventPart}/m.annotation/m.reaction`
      const found: StandingReaction[] = []
      let from: string | undefined
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = new URLSearchParams({ dir: 'f', limit: String(PAGE_LIMIT), ...(from ? { from } : {}) })
        const reply = await call('GET', `${relations}?${query.toString()}`, TASK)
        if (!reply.granted) throw reply.error
        const { chunk, next_batch: next } = parse(relationsSchema, reply.body, TASK)
        for (const event of read(chunk, own)) {
          if (event.type !== 'reaction' || event.target !== eventId) continue
          const { type: _type, target: _target, ...reaction } = event
          found.push(reaction)
        }
        if (next === undefined) return found
        from = next
      }
      throw tooMuch()
    },

    async redactionOf(room, eventId) {
      const event = await find(room, eventId)
      const redaction = v.safeParse(redactionSchema, event?.unsigned?.redacted_because)
      return redaction.success
        ? { eventId: redaction.output.event_id, sender: redaction.output.sender }
        : null
    },

    async traits(room) {
      const members = await call('GET', inRoom(room, 'joined_members'), TASK)
      if (!members.granted && members.status === 403) return null
      if (!members.granted) throw members.error
      const { joined } = parse(membersSchema, members.body, TASK)
      const servers = Object.keys(joined).map((id) => id.slice(id.indexOf(':') + 1))
      const tombstone = await state(tombstoneSchema, room, 'm.room.tombstone')
      return {
        open: await whyOpen(room),
        encrypted: (await state(v.object({}), room, 'm.room.encryption')) !== null,
        otherServers: [...new Set(servers)].filter((server) => server !== domain).sort(),
        replacedBy: tombstone === null ? null : tombstone.replacement_room,
      }
    },
  }

  /** Synapse goes on telling the reactions under a message that was taken out. */
  async function isGone(room: string, eventId: string): Promise<boolean> {
    const event = await find(room, eventId)
    return event === null || event.unsigned?.redacted_because !== undefined
  }

  async function find(room: string, eventId: string): Promise<v.InferOutput<typeof eventSchema> | null> {
    const reply = await call('GET', inRoom(room, `event/${encodeURIComponent(eventId)}`), TASK)
    if (!reply.granted && reply.errcode === 'M_NOT_FOUND') return null
    if (!reply.granted) throw reply.error
    return parse(eventSchema, reply.body, TASK)
  }
}

function lost(said: string): StreamLost {
  const why = `the homeserver does not know where we had stopped reading (${said})`
  return new StreamLost('refused', `Could not ${TASK}: ${why}.`, { permanent: true, why })
}

const tooMuch = () => refused(TASK, `there is more than ${MOST_PAGES * PAGE_LIMIT} at once`)
