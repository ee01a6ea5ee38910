/**
 * What somebody did in the moderators' room, in the room's order. Without edits, without what bots say (`m.notice`), and
 * without what this program's own account did there. `target`: the event that it is about; `sentAt`: when it was sent, in
 * milliseconds since 1970, as its sender's homeserver says (so nothing counts because of it, but some things do not).
 */
export type RoomEvent =
  | { type: 'reaction'; eventId: string; sender: string; target: string; key: string; sentAt?: number }
  /** An event was taken out of the room, by its sender or by somebody who may. */
  | { type: 'redaction'; eventId: string; sender: string; target: string }
  /** A reply to `target`, or a message in the thread that begins with it; without what it quotes. */
  | { type: 'answer'; eventId: string; sender: string; target: string; text: string; sentAt?: number }
  /** An encrypted message; `target` if the client left readable what it replies to. */
  | { type: 'encrypted_message'; eventId: string; sender: string; target: string | null }
  /** The room is encrypted from here on. */
  | { type: 'encrypted'; eventId: string; sender: string }
  /** The room was replaced by another one; null: by none that it names. */
  | { type: 'replaced'; eventId: string; sender: string; by: string | null }

/** A reaction that has not been taken back. */
export type StandingReaction = Pick<
  Extract<RoomEvent, { type: 'reaction' }>,
  'eventId' | 'sender' | 'key' | 'sentAt'
>

/** What a look at the stream of the room found. */
export interface RoomNews {
  events: RoomEvent[]
  /** Where the next look continues. */
  next: string
  /** There was more than one answer holds: what lies between these, before `events`, was left out. */
  gap: { from: string; to: string } | null
  /** This program's account is not in the room any more. */
  left: boolean
}

/** What of a room decides whether requests may be decided in it. */
export interface RoomTraits {
  /** Anybody can join, or read without joining, or find it in the homeserver's directory. */
  open: 'public_join' | 'world_readable' | 'in_directory' | null
  encrypted: boolean
  /** Servers of its members that are not ours. */
  otherServers: string[]
  /** It was replaced by another one (`m.room.tombstone`); null: it was not. */
  replacedBy: string | null
}
