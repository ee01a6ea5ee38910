import * as v from 'valibot'
import { described, type StreamEvent } from './room-stream'
import { ok, problem, suspended, type StandInAnswer, type StandInRequest, type StandInRoute } from './route'
import { MODERATOR_LEVEL, standing } from './room-state'
import type { StandInRoom, StandInState } from './state'

/** Synapse's default `rc_message`. */
const BURST = 10
const PER_SECOND = 0.2
/** As many events without a limit in the filter. */
const LIMIT = 10

const eventFilterSchema = v.object({
  types: v.optional(v.array(v.string())),
  not_senders: v.optional(v.array(v.string()), []),
  limit: v.optional(v.number(), LIMIT),
})
const syncFilterSchema = v.object({
  room: v.optional(
    v.object({ rooms: v.optional(v.array(v.string())), timeline: v.optional(eventFilterSchema, {}) }),
    {},
  ),
})
const relationSchema = v.object({
  rel_type: v.string(),
  event_id: v.string(),
  key: v.optional(v.string()),
})

/** Sending into rooms, and reading what happens in them, as Synapse 1.160 answers. */
export function roomEventRoutes(state: StandInState): StandInRoute[] {
  const { rooms, stream } = state
  const forbidden = (text: string) => problem(403, 'M_FORBIDDEN', text)
  const allowance = createAllowance(state)
  const eventOf = new Map<string, string>()

  function inRoom({ caller, at }: StandInRequest, then: (room: StandInRoom) => StandInAnswer): StandInAnswer {
    const room = rooms.get(at('room'))
    if (room?.members.has(caller.id) === true) return then(room)
    return forbidden(`User ${caller.id} not in room ${at('room')}`)
  }

  const tooMany = (wait: number): StandInAnswer => ({
    ...problem(429, 'M_LIMIT_EXCEEDED', 'Too Many Requests', { retry_after_ms: wait }),
    headers: { 'retry-after': String(Math.ceil(wait / 1000)) },
  })

  /** What one account does under a transaction ID, once. */
  function once(
    request: StandInRequest,
    act: (room: StandInRoom, transactionId: string) => StandInAnswer | string,
  ): StandInAnswer {
    const { caller, hasDevice, at } = request
    if (caller.suspended) return suspended('Sending messages')
    return inRoom(request, (room) => {
      const transactionId = at('transaction')
      const key = JSON.stringify([room.id, caller.id, at('type'), at('event'), transactionId])
      const same = eventOf.get(key)
      if (same !== undefined) return ok({ event_id: same })
      // element-hq/synapse#19606
      if (!hasDevice) return problem(500, 'M_UNKNOWN', 'Internal server error')
      const wait = state.unlimited.has(caller.id) ? 0 : allowance()
      if (wait > 0) return tooMany(wait)
      const done = act(room, transactionId)
      if (typeof done !== 'string') return done
      eventOf.set(key, done)
      return ok({ event_id: done })
    })
  }

  const send = (request: StandInRequest) =>
    once(request, (room, transactionId) => {
      const { caller, at, body } = request
      const [sender, type] = [caller.id, at('type')]
      if (standing(room, sender) < level(room, type))
        return forbidden("You don't have permission to post that to the room.")
      if (type === 'm.room.tombstone') return problem(400, 'M_UNKNOWN', `'${type}' must be state events`)
      const relation = v.safeParse(relationSchema, body['m.relates_to'])
      if (relation.success) {
        const { rel_type: kind, event_id: target, key } = relation.output
        if (!isThere(room, target)) return problem(400, 'M_UNKNOWN', "Can't send relation to unknown event")
        const isSame = (event: StreamEvent) => event.sender === sender && keyOf(event) === key
        if (kind === 'm.annotation' && reactions(room.id, target).some(isSame))
          return problem(400, 'M_DUPLICATE_ANNOTATION', "Can't send same reaction twice")
      }
      const { eventId } = stream.push({ room: room.id, type, sender, content: body })
      const sent = { sender, transactionId, eventId, content: body }
      if (type === 'm.room.message') room.messages.push(sent)
      if (type === 'm.reaction' && relation.success)
        room.reactions.push({ ...sent, target: relation.output.event_id, key: relation.output.key ?? '' })
      return eventId
    })

  /** Tests take messages away, as a homeserver does that was restored from a backup. */
  const isThere = (room: StandInRoom, eventId: string): boolean => {
    const event = stream.find(room.id, eventId)
    return event !== undefined && (event.type !== 'm.room.message' || isKept(room, eventId))
  }
  const isKept = (room: StandInRoom, eventId: string) =>
    room.messages.some((message) => message.eventId === eventId)

  const redact = (request: StandInRequest) =>
    once(request, (room, transactionId) => {
      const { caller, at, body } = request
      const event = stream.find(room.id, at('event'))
      const may = standing(room, caller.id) >= MODERATOR_LEVEL
      if (event === undefined && stream.events.some(({ eventId }) => eventId === at('event')))
        return problem(400, 'M_UNKNOWN', 'Cannot redact event from a different room')
      // Whoever could take out anything is told yes, and nobody else hears of it.
      if (event === undefined)
        return may
          ? `$${state.unique(40)}`
          : problem(404, 'M_NOT_FOUND', `Could not find event ${at('event')}`)
      if (event.sender !== caller.id && !may) return forbidden("You don't have permission to redact events")
      const message = room.messages.find(({ eventId }) => eventId === event.eventId)
      if (message !== undefined) message.content = {}
      const { eventId } = stream.redact(event, caller.id, body['reason'])
      room.redacted.push({ sender: caller.id, transactionId, eventId, target: event.eventId })
      return eventId
    })

  const reactions = (room: string, target: string): StreamEvent[] =>
    stream.events.filter(
      (event) => event.room === room && targetOf(event) === target && keyOf(event) !== null,
    )

  async function sync({ caller, query }: StandInRequest): Promise<StandInAnswer> {
    const filter = readFilter(syncFilterSchema, query.get('filter'))
    if (filter === null) return problem(400, 'M_UNKNOWN', 'Filter not valid')
    const { room: { rooms: wanted, timeline = {} } = {} } = filter
    const given = query.get('since')
    const since = given === null ? 0 : placeOf(given)
    if (since === null) return problem(400, 'M_UNKNOWN', 'Invalid stream token')
    const until = performance.now() + Number(query.get('timeout') ?? '0')
    for (;;) {
      const news = newsFor(caller.id, wanted, timeline, since, given === null)
      const left = until - performance.now()
      if (given === null || news !== null || left <= 0)
        return ok({ next_batch: token('s', stream.end()), ...(news === null ? {} : { rooms: news }) })
      await stream.next(left)
    }
  }

  /** What happened after a place in the rooms of an account, or null. */
  function newsFor(
    user: string,
    wanted: string[] | undefined,
    filter: v.InferOutput<typeof eventFilterSchema> | Record<string, never>,
    since: number,
    everything: boolean,
  ): object | null {
    const { limit = LIMIT } = filter
    const join: Record<string, object> = {}
    const leave: Record<string, object> = {}
    for (const room of rooms.values()) {
      if (wanted?.includes(room.id) === false) continue
      const told = stream.events.filter((event) => event.room === room.id && event.place > since)
      const events = told.filter((event) => passes(event, filter))
      const newest = events.slice(-limit)
      const before = newest[0] === undefined ? stream.end() : newest[0].place - 1
      const timeline = {
        events: newest.map(described),
        limited: events.length > limit,
        prev_batch: token('s', before),
      }
      const isIn = room.members.has(user)
      const wasSentAway = told.some(
        ({ type, stateKey, sender }) => type === 'm.room.member' && stateKey === user && sender !== user,
      )
      if (isIn && (everything || events.length > 0)) join[room.id] = { timeline }
      if (!isIn && !everything && wasSentAway) leave[room.id] = { timeline }
    }
    const any = Object.keys(join).length + Object.keys(leave).length > 0
    return any ? { join, leave } : null
  }

  const messages = (request: StandInRequest) =>
    inRoom(request, (room) => {
      const { query } = request
      const filter = readFilter(eventFilterSchema, query.get('filter'))
      if (filter === null) return problem(400, 'M_UNKNOWN', 'Filter not valid')
      const forward = query.get('dir') === 'f'
      const from = placeOf(query.get('from') ?? token('s', forward ? 0 : stream.end()))
      const to = placeOf(query.get('to') ?? token('s', forward ? stream.end() : 0))
      if (from === null || to === null) return problem(400, 'M_UNKNOWN', "'from' parameter is invalid")
      const [after, until] = forward ? [from, to] : [to, from]
      const between = stream.events.filter(
        (event) =>
          event.room === room.id && event.place > after && event.place <= until && passes(event, filter),
      )
      const chunk = (forward ? between : between.reverse()).slice(0, Number(query.get('limit') ?? LIMIT))
      const last = chunk.at(-1)
      const end = last === undefined ? {} : { end: token('t', forward ? last.place : last.place - 1) }
      return ok({ start: token('s', from), chunk: chunk.map(described), ...end })
    })

  const relations = (request: StandInRequest) =>
    inRoom(request, (room) => {
      const { at, query } = request
      if (!isThere(room, at('event'))) return problem(404, 'M_UNKNOWN', 'Unknown parent event.')
      const from = placeOf(query.get('from') ?? 't0')
      if (from === null) return problem(400, 'M_UNKNOWN', "'from' parameter is invalid")
      const limit = Number(query.get('limit') ?? '5')
      const found = reactions(room.id, at('event')).filter(({ place }) => place > from)
      const chunk = found.slice(0, limit)
      const last = chunk.at(-1)
      const more = last !== undefined && found.length > limit ? { next_batch: token('t', last.place) } : {}
      return ok({ chunk: chunk.map(described), ...more })
    })

  const event = (request: StandInRequest) =>
    inRoom(request, (room) => {
      const found = stream.find(room.id, request.at('event'))
      return found === undefined || !isThere(room, found.eventId)
        ? problem(404, 'M_NOT_FOUND', 'Event not found.')
        : ok(described(found))
    })

  const client = '/_matrix/client/v3'
  const put = { method: 'PUT', to: 'users' } as const
  const get = { method: 'GET', to: 'users' } as const
  return [
    { ...put, path: `${client}/rooms/:room/send/:type/:transaction`, handle: send },
    { ...put, path: `${client}/rooms/:room/redact/:event/:transaction`, handle: redact },
    { ...get, path: `${client}/sync`, handle: sync },
    { ...get, path: `${client}/rooms/:room/messages`, handle: messages },
    { ...get, path: `${client}/rooms/:room/event/:event`, handle: event },
    {
      ...get,
      path: '/_matrix/client/v1/rooms/:room/relations/:event/m.annotation/m.reaction',
      handle: relations,
    },
  ]
}

const token = (kind: 's' | 't', place: number) => `${kind}${place}`

/** Null if it is none. */
function placeOf(text: string): number | null {
  const place = /^[st](\d+)$/.exec(text)?.[1]
  return place === undefined ? null : Number(place)
}

function readFilter<T extends v.GenericSchema>(schema: T, text: string | null): v.InferOutput<T> | null {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text ?? '{}'))
    return parsed.success ? parsed.output : null
  } catch {
    return null // Told to the caller.
  }
}

const passes = (
  { type, sender }: StreamEvent,
  { types, not_senders: notSenders }: { types?: string[] | undefined; not_senders?: string[] | undefined },
): boolean => types?.includes(type) !== false && notSenders?.includes(sender) !== true

function relationOf({ content }: StreamEvent) {
  const relation = v.safeParse(relationSchema, content['m.relates_to'])
  return relation.success ? relation.output : null
}
const targetOf = (event: StreamEvent): string | null => relationOf(event)?.event_id ?? null
const keyOf = (event: StreamEvent): string | null => relationOf(event)?.key ?? null

/** What it takes to send events of a type. */
function level({ power }: StandInRoom, type: string): number {
  const { events } = power
  const given: unknown = typeof events === 'object' && events !== null ? Reflect.get(events, type) : 0
  return typeof given === 'number' ? given : 0
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
