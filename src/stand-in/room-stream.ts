/** An event of a room, at its place in the homeserver's one order of everything. */
export interface StreamEvent {
  /** From 1. */
  place: number
  room: string
  type: string
  eventId: string
  sender: string
  sentAt: number
  /** Only what a room says of itself has one. */
  stateKey: string | null
  content: Record<string, unknown>
  /** The event that it took out of the room. */
  redacts: string | null
  /** The event that took it out. */
  redactedBy: StreamEvent | null
}

/** What happens in all rooms, in one order; whoever waits for the next event is told of it. */
export function createRoomStream({
  clock,
  unique,
}: {
  clock: () => number
  unique: (length: number) => string
}) {
  const events: StreamEvent[] = []
  const waiting = new Set<() => void>()

  function push(
    event: Pick<StreamEvent, 'room' | 'type' | 'sender' | 'content'> &
      Partial<Pick<StreamEvent, 'stateKey' | 'redacts'>>,
  ): StreamEvent {
    const pushed: StreamEvent = {
      stateKey: null,
      redacts: null,
      ...event,
      place: events.length + 1,
      eventId: `$${unique(40)}`,
      sentAt: clock(),
      redactedBy: null,
    }
    events.push(pushed)
    for (const wake of waiting) wake()
    return pushed
  }

  return {
    events,
    push,
    end: () => events.length,

    find: (room: string, eventId: string): StreamEvent | undefined =>
      events.find((event) => event.room === room && event.eventId === eventId),

    tellMember(room: string, sender: string, user: string, membership: string): void {
      push({ room, sender, type: 'm.room.member', stateKey: user, content: { membership } })
    },

    /** Takes an event out of its room: what it said is gone. */
    redact(event: StreamEvent, sender: string, reason: unknown): StreamEvent {
      const content = { redacts: event.eventId, ...(reason === undefined ? {} : { reason }) }
      const { room, eventId: redacts } = event
      const redaction = push({ room, sender, type: 'm.room.redaction', content, redacts })
      Object.assign(event, { content: {}, redactedBy: redaction })
      return redaction
    },

    /** Waits for the next event of any room, or as many real milliseconds. */
    next(ms: number): Promise<void> {
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        timer.unref()
        waiting.add(wake)
      })
    },
  }
}

/** An event as clients are told it. */
export function described(event: StreamEvent): object {
  const { type, eventId, sender, sentAt, stateKey, content, redacts, redactedBy } = event
  return {
    type,
    event_id: eventId,
    sender,
    origin_server_ts: sentAt,
    content,
    ...(stateKey === null ? {} : { state_key: stateKey }),
    ...(redacts === null ? {} : { redacts }),
    unsigned: redactedBy === null ? {} : { redacted_because: described(redactedBy) },
  }
}
