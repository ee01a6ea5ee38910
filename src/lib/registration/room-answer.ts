/**
 * What an answer in the moderators' room says to somebody who did something there. `not_ready`: the request waits for its
 * applicant; `not_undone`: only who decided can take it back there.
 */
export const ROOM_ANSWERS = [
  'approved',
  'denied',
  'withdrawn',
  'gone',
  'changed',
  'undo_too_late',
  'too_long',
  'not_linked',
  'encrypted_room',
  'claimed',
  'not_ready',
  'asked',
  'noted',
  'not_undone',
  'not_possible',
] as const
export type RoomAnswer = (typeof ROOM_ANSWERS)[number]
