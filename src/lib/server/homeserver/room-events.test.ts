import { expect, test } from 'vitest'
import { LONGEST_TEXT, readEvent } from './room-events'

const OWN = '@desk:example.test'
const target = '$notice'
const reply = { 'm.in_reply_to': { event_id: target } }

/** An event by anna, as the homeserver tells it. */
const told = (type: string, content: unknown, more: object = {}) =>
  readEvent({ type, event_id: '$it', sender: '@anna:example.test', content, ...more }, OWN)
const reacted = (relation: unknown, more: object = {}) =>
  told('m.reaction', { 'm.relates_to': relation }, more)
const annotation = { rel_type: 'm.annotation', event_id: target, key: '✅' }
const said = (body: unknown, relation: unknown = reply, more: object = {}) =>
  told('m.room.message', { msgtype: 'm.text', body, 'm.relates_to': relation, ...more })
const textOf = (body: string) => {
  const event = said(body)
  return event !== null && 'text' in event ? event.text : null
}

test('a reaction is one', () => {
  const event = { type: 'reaction', eventId: '$it', sender: '@anna:example.test', target, key: '✅' }
  expect(reacted(annotation)).toEqual(event)
  expect(reacted({ ...annotation, key: '✅\uFE0F' })).toEqual(event)
})

test.each([
  [1_700_000_000_000, 1_700_000_000_000],
  [undefined, undefined],
  ['1700000000000', undefined],
  [1.5, undefined],
  [null, undefined],
])('what is said to be sent at %j was sent at %j', (origin_server_ts, sentAt) => {
  expect(reacted(annotation, { origin_server_ts })).toMatchObject({ type: 'reaction', key: '✅' })
  const answer = told(
    'm.room.message',
    { msgtype: 'm.text', body: 'undo', 'm.relates_to': reply },
    { origin_server_ts },
  )
  for (const event of [reacted(annotation, { origin_server_ts }), answer])
    expect(event !== null && 'sentAt' in event ? event.sentAt : undefined).toBe(sentAt)
  expect(answer).toMatchObject({ type: 'answer', text: 'undo' })
})

test.each([
  ['is the account’s own', () => reacted(annotation, { sender: OWN })],
  ['was taken back', () => told('m.reaction', {}, { unsigned: { redacted_because: {} } })],
  [
    'was taken back, though it still says what',
    () => reacted(annotation, { unsigned: { redacted_because: {} } }),
  ],
  ['says nothing', () => told('m.reaction', {})],
  ['is of another kind', () => reacted({ ...annotation, rel_type: 'm.reference' })],
  ['has no sign', () => reacted({ rel_type: 'm.annotation', event_id: target })],
  ['has a sign that is a text of its own', () => reacted({ ...annotation, key: 'x'.repeat(256) })],
  ['has a sign that is none', () => reacted({ ...annotation, key: 1 })],
  ['has no target', () => reacted({ ...annotation, event_id: '' })],
  ['relates to a list', () => reacted([annotation])],
  ['has content that is text', () => told('m.reaction', 'x')],
  ['has no ID', () => reacted(annotation, { event_id: undefined })],
  ['has a sender who is none', () => reacted(annotation, { sender: 1 })],
])('an event that %s is left out', (_, event) => {
  expect(event()).toBeNull()
})

test.each([null, undefined, 1, 'x', [], {}, { type: 'm.reaction' }])('%j is no event', (raw) => {
  expect(readEvent(raw, OWN)).toBeNull()
})

test('what was taken out is named in the content, or beside it; in the content first', () => {
  const redaction = { type: 'redaction', eventId: '$it', sender: '@anna:example.test', target }
  expect(told('m.room.redaction', { redacts: target })).toEqual(redaction)
  expect(told('m.room.redaction', {}, { redacts: target })).toEqual(redaction)
  expect(told('m.room.redaction', { redacts: target }, { redacts: '$other' })).toEqual(redaction)
  expect(told('m.room.redaction', { redacts: 1 }, { redacts: target })).toEqual(redaction)
  expect(told('m.room.redaction', {})).toBeNull()
})

test.each([
  ['deny: no', 'deny: no'],
  ['> <@desk:example.test> One asks\n\ndeny: no', 'deny: no'],
  ['> one\n> two\n>\n\ndeny: no\n\n> a quote', 'deny: no\n\n> a quote'],
  ['> one\ndeny: no', 'deny: no'],
  ['> one\n\n\ndeny: no', '\ndeny: no'],
  ['>one\ndeny: no', '>one\ndeny: no'],
  ['> one\n> two', ''],
  ['approve\n> one', 'approve\n> one'],
])('%j says %j', (body, text) => {
  expect(textOf(body)).toBe(text)
})

test('a text is cut beyond every limit, and between characters', () => {
  expect(textOf('x'.repeat(LONGEST_TEXT))).toHaveLength(LONGEST_TEXT)
  expect(textOf('x'.repeat(LONGEST_TEXT + 1))).toHaveLength(LONGEST_TEXT)
  const cut = textOf('🙂'.repeat(LONGEST_TEXT + 1)) ?? ''
  expect(cut).toBe('🙂'.repeat(LONGEST_TEXT))
})

const thread = { rel_type: 'm.thread', event_id: target }
test.each([
  ['in a thread', thread],
  [
    'in a thread, for clients without',
    { ...thread, is_falling_back: true, 'm.in_reply_to': { event_id: '$x' } },
  ],
  ['in a thread, to one of it', { ...thread, is_falling_back: false, 'm.in_reply_to': { event_id: '$x' } }],
])('an answer %s is to its beginning', (_, relation) => {
  expect(said('approve', relation)).toMatchObject({ type: 'answer', target, text: 'approve' })
})

test.each([
  ['talk', () => said('approve', null)],
  ['an edit', () => said('* approve', { rel_type: 'm.replace', event_id: '$x' })],
  [
    'an edit that is a reply too',
    () => said('* approve', { rel_type: 'm.replace', event_id: '$x', ...reply }),
  ],
  ['a bot’s', () => said('approve', reply, { msgtype: 'm.notice' })],
  ['what somebody does', () => said('approve', reply, { msgtype: 'm.emote' })],
  ['the name of a file', () => said('approve', reply, { msgtype: 'm.file' })],
  ['in a thread without a beginning', () => said('approve', { rel_type: 'm.thread', ...reply })],
  ['without a text', () => said(1)],
])('a message that is %s is left out', (_, event) => {
  expect(event()).toBeNull()
})

test('an encrypted message says what it answers if the client left that readable', () => {
  const secret = { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' }
  const encrypted = (relation?: object) => told('m.room.encrypted', { ...secret, 'm.relates_to': relation })
  expect(encrypted()).toMatchObject({ type: 'encrypted_message', target: null })
  expect(encrypted(reply)).toMatchObject({ target })
  expect(encrypted(thread)).toMatchObject({ target })
  expect(encrypted({ rel_type: 'm.replace', event_id: target })).toBeNull()
  expect(told('m.room.encrypted', {}, { unsigned: { redacted_because: {} } })).toBeNull()
})

test('what a room says of itself has a state key, whatever else is named so', () => {
  const state = { state_key: '' }
  const by = '!other:example.test'
  expect(told('m.room.encryption', { algorithm: 'x' }, state)).toMatchObject({ type: 'encrypted' })
  expect(told('m.room.encryption', { algorithm: 'x' })).toBeNull()
  expect(told('m.room.tombstone', { replacement_room: by }, state)).toMatchObject({ type: 'replaced', by })
  expect(told('m.room.tombstone', {}, state)).toMatchObject({ type: 'replaced', by: null })
  expect(told('m.room.tombstone', { replacement_room: by })).toBeNull()
  expect(told('m.room.member', { membership: 'join' }, { state_key: '@anna:example.test' })).toBeNull()
})
