import type { JobKind, NewJob } from '$lib/registration/job'

/** When the rows below were made, in milliseconds since 1970. */
export const MADE_AT = 1_768_470_000_000

interface Kept {
  kind: JobKind
  /** As it stands in the database. */
  payload: string
  /** What it is to this program. */
  reads: NewJob
}

const job = (payload: string, reads: NewJob): Kept => ({ kind: reads.kind, payload, reads })
/** What this program reads as it was written. */
const same = (reads: NewJob): Kept => {
  const { kind: _, ...payload } = reads
  return job(JSON.stringify(payload), reads)
}
/** The same of the time since payloads have a number. */
const numbered = ({ reads }: Kept): Kept => {
  const { kind: _, ...payload } = reads
  return job(JSON.stringify({ v: 1, ...payload }), reads)
}
const name = <T extends string>(text: string) => text as T
const river = name<Extract<NewJob, { kind: 'remove_account' }>['username']>('river')
const address = name<Extract<NewJob, { mail: 'unknown_address' }>['email']>('river@mail.test')

/** Taken once, and refused since then where somebody types it. */
const routed = name<typeof address>('user%host@mail.test')

const first = [
  same({ kind: 'mail', mail: 'unknown_address', email: routed, language: 'en' }),
  same({ kind: 'mail', mail: 'verification', username: river, language: 'en' }),
  same({ kind: 'mail', mail: 'known_address', language: 'de' }),
  same({ kind: 'mail', mail: 'unknown_address', email: address, language: 'en' }),
  same({ kind: 'mail', mail: 'requested' }),
  same({ kind: 'mail', mail: 'approved' }),
  same({ kind: 'mail', mail: 'set_password', reminder: true }),
  same({ kind: 'mail', mail: 'denied' }),
  same({ kind: 'open_account' }),
  same({ kind: 'remove_account', username: river }),
  same({ kind: 'bind_address' }),
  same({ kind: 'consent', version: '1.0' }),
  same({ kind: 'join_room', room: '#welcome:example.test' }),
  same({ kind: 'welcome' }),
]
const noticesOfAll = [
  job('{"registrations":["r-1","r-2"]}', { kind: 'notify_room', since: MADE_AT }),
  job('{"registrations":["r-1"],"reminder":false}', {
    kind: 'notify_moderators',
    since: MADE_AT,
    reminder: false,
  }),
]
const noticesSince = [
  same({ kind: 'notify_room', since: 5 }),
  same({ kind: 'notify_moderators', since: 5, reminder: true }),
]
const autoJoin = same({ kind: 'warn_auto_join', by: 'room', username: river, rooms: ['#a:example.test'] })
const outage = [
  same({ kind: 'warn_outage', by: 'room', server: 'mail', since: 5 }),
  same({ kind: 'warn_outage', by: 'mail', server: 'homeserver', since: 5 }),
]
const question = same({ kind: 'mail', mail: 'question', at: 5 })
const person = same({ kind: 'notify_person', moderator: 'm-1', why: 'digest', since: 5 })
const links = [
  same({ kind: 'mail', mail: 'invitation', link: 'l-1', email: address, language: 'en' }),
  same({ kind: 'mail', mail: 'confirm_moderator', link: 'l-1', email: address, language: 'de' }),
]
const opening = same({ kind: 'warn_opening', by: 'mail', open: true, why: 'date', at: 5 })
const toSome = [
  same({ kind: 'notify_moderators', since: 5, reminder: false, to: ['ops@example.test'] }),
  same({ kind: 'warn_outage', by: 'mail', server: 'homeserver', since: 5, to: ['ops@example.test'] }),
  same({ kind: 'warn_auto_join', by: 'mail', username: river, rooms: [], to: ['ops@example.test'] }),
  same({ kind: 'warn_opening', by: 'mail', open: false, why: 'per_day', at: 5, to: [] }),
]
const locking = same({ kind: 'lock_account', username: river })
const lockingUntil = same({ kind: 'lock_account', username: river, until: 1_768_470_090_000 })
/** What came with a link, which counts once that is confirmed. */
const wishes = [
  same({
    kind: 'mail',
    mail: 'verification',
    username: river,
    language: 'en',
    clientAddress: '203.0.113.7',
    invitationId: null,
    heldFor: ['no_proof'],
  }),
]
/** What became of a request that the room was told of. */
const room = [same({ kind: 'notify_room_decided', registration: 'r-1' })]
/** Whether a Matrix ID is a moderator's. */
const matrixIds = [same({ kind: 'ask_matrix_id', moderator: 'm-1' })]
/** What is decided in the room, and what it answers. */
const inRoom = [
  same({ kind: 'notify_room_decided', registration: 'r-1', rested: 1_768_478_460_000 }),
  same({ kind: 'notify_room_again', registration: 'r-1' }),
  same({ kind: 'answer_in_room', target: '$notice', event: '$reaction', says: 'denied', by: 'ben' }),
  same({ kind: 'answer_in_room', target: '$notice', event: '$reply', says: 'noted' }),
  same({ kind: 'answer_in_room', target: null, event: 'room_encrypted', says: 'encrypted_room' }),
]
const probation = [same({ kind: 'lift_suspension' }), same({ kind: 'mail', mail: 'probation_over' })]
const unnumbered = [
  ...first,
  ...noticesSince,
  autoJoin,
  ...outage,
  question,
  person,
  ...links,
  opening,
  ...toSome,
  locking,
]

/**
 * Every payload that a version of this program ever wrote, by what that version brought. What stands here is in somebody's
 * database: it is added to, and never changed.
 */
export const PAYLOADS: Record<string, Kept[]> = {
  'the first jobs': [
    ...first,
    ...noticesOfAll,
    job('{"username":"river","rooms":["#a:example.test"]}', {
      kind: 'warn_auto_join',
      by: 'mail',
      username: river,
      rooms: ['#a:example.test'],
    }),
  ],
  'warnings by mail or in the room': [...first, ...noticesOfAll, autoJoin],
  'one notice for all since a time': [...first, ...noticesSince, autoJoin],
  'warnings of outages': outage,
  'questions to applicants': [question],
  'notices to each moderator': [person],
  'people who invite others': links,
  'registration that closes by itself': [opening],
  'mails to those that were put off': toSome,
  'accounts that are locked by themselves': [locking],
  'unlockings that may come late': [numbered(lockingUntil)],
  'numbered payloads': [...unnumbered, ...probation, ...room, ...inRoom, ...matrixIds].map(numbered),
  'accounts on probation': probation.map(numbered),
  'links that bring what came with them': wishes.map(numbered),
  'messages in the room that are kept up': room.map(numbered),
  'decisions in the room': inRoom.map(numbered),
  'Matrix IDs of moderators': matrixIds.map(numbered),
}
