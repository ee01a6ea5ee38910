/**
 * What an answer in the moderators' room says to somebody who did something there. `not_ready`: the request waits for its
 * applicant.
 */
export const ROOM_ANSWERS = [
  'approved',
  'denied',
  'withdrawn',
  'changed',
  'undo_too_late',
  'nothing_to_undo',
  'too_long',
  'not_linked',
  'second_factor_needed',
  'encrypted_room',
  'claimed',
  'not_ready',
  'asked',
  'noted',
  'not_possible',
] as const
export type RoomAnswer = (typeof ROOM_ANSWERS)[number]
