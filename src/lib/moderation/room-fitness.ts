import type { RoomTraits } from './room-event'

/** What moderators are told about their room; the keys of the announcements. */
export const ROOM_ANNOUNCEMENTS = [
  'room_not_read',
  'room_open',
  'room_encrypted',
  'room_other_servers',
  'room_replaced',
] as const
export type RoomAnnouncement = (typeof ROOM_ANNOUNCEMENTS)[number]

const OPEN: Record<NonNullable<RoomTraits['open']>, string> = {
  public_join: 'anybody can join it (its join rule is public). Make it invite-only',
  world_readable:
    'anybody can read it without joining (its history visibility is world_readable). Let only members read it',
  in_directory: 'it is listed in the room directory of the homeserver. Remove it from that list',
}

/** Whether requests may be decided in a room, and what to tell moderators about it, each with the remedy. */
export function fitnessOf(traits: RoomTraits): { fit: boolean; notes: Map<RoomAnnouncement, string> } {
  const { open, encrypted, otherServers, replacedBy } = traits
  const notes = new Map<RoomAnnouncement, string>()
  if (open !== null)
    notes.set('room_open', `Nothing can be decided in the moderators’ room, because ${OPEN[open]}.`)
  if (replacedBy !== null)
    notes.set(
      'room_replaced',
      `The moderators’ room was replaced by ${replacedBy === '' ? 'another one' : replacedBy}. Nothing can be decided in the old one: check who is in the new one, and set matrix_notifications.admin_room.room_id to it.`,
    )
  if (encrypted)
    notes.set(
      'room_encrypted',
      'The moderators’ room is encrypted: reactions decide there, but answers cannot be read, and what this program writes is not encrypted. Use a room without encryption that is not federated, unless reactions are enough.',
    )
  if (otherServers.length > 0)
    notes.set(
      'room_other_servers',
      `Members of the moderators’ room are on other servers (${otherServers.join(', ')}), which keep a copy of everything in it. They cannot decide. Use a room that is not federated, unless they are to read along.`,
    )
  return { fit: open === null && replacedBy === null, notes }
}
