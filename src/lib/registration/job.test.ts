import { describe, expect, test } from 'vitest'
import { PAYLOADS } from '../../../tests/server/payloads'
import { aboutOf, definitionOf, JOB_KINDS, olderOf, outsideOf, placeOf } from './job'
import { upgraded, versionOf } from './job-definition'
import { AWAITED_MAILS, MAILS_TO_STRANGERS, UNDONE_MAILS } from './mail-job'

/** What this program queues, of each kind and way. */
const JOBS = (PAYLOADS['numbered payloads'] ?? []).map(({ reads }) => reads)
/** What tells apart the jobs of a kind; who is named in an answer does not. */
const namedBy = (kind: string) => (kind === 'answer_in_room' ? [] : ['mail', 'by'])
const told = (of: (job: (typeof JOBS)[number]) => unknown) =>
  Object.fromEntries(
    JOBS.map((job) => [
      namedBy(job.kind).reduce((name, key) => (key in job ? `${name} ${Object(job)[key]}` : name), job.kind),
      of(job),
    ]),
  )

test('each job waits in the lane of what it must not overtake', () => {
  const lanes = told((job) => [placeOf(job, 'r1').lane, placeOf(job, null).lane].join(' / '))
  expect(lanes).toEqual({
    'mail verification': 'r1 mail / nobody mail',
    'mail known_address': 'r1 mail / nobody mail',
    'mail unknown_address': 'r1 mail / nobody mail river@mail.test',
    'mail requested': 'r1 mail / nobody mail',
    'mail approved': 'r1 mail / nobody mail',
    'mail set_password': 'r1 mail / nobody mail',
    'mail probation_over': 'r1 mail / nobody mail',
    'mail denied': 'r1 mail / nobody mail',
    'mail question': 'r1 mail / nobody mail',
    'mail invitation': 'r1 mail / nobody mail river@mail.test',
    'mail confirm_moderator': 'r1 mail / nobody mail river@mail.test',
    open_account: 'r1 / nobody',
    remove_account: 'r1 / account:river',
    lock_account: 'r1 / account:river',
    lift_suspension: 'r1 / nobody',
    bind_address: 'r1 / nobody',
    consent: 'r1 / nobody',
    join_room: 'r1 / nobody',
    welcome: 'r1 / nobody',
    notify_room: 'room / room',
    notify_room_decided: 'room / room',
    ask_matrix_id: 'room / room',
    notify_room_again: 'room / room',
    answer_in_room: 'room / room',
    notify_moderators: 'moderators / moderators',
    notify_person: 'moderator m-1 / moderator m-1',
    'warn_outage room': 'room / room',
    'warn_outage mail': 'moderators / moderators',
    'warn_auto_join room': 'room / room',
    'warn_auto_join mail': 'moderators / moderators',
    'warn_opening mail': 'moderators / moderators',
  })
})

test('and waits for what it depends on', () => {
  const outsides = told(outsideOf)
  const needing = (outside: string) =>
    Object.keys(outsides)
      .filter((name) => outsides[name] === outside)
      .sort()
  expect(needing('rooms')).toEqual([
    'answer_in_room',
    'ask_matrix_id',
    'notify_room',
    'notify_room_again',
    'notify_room_decided',
    'warn_auto_join room',
    'warn_outage room',
    'welcome',
  ])
  expect(needing('homeserver')).toEqual([
    'bind_address',
    'consent',
    'join_room',
    'lift_suspension',
    'lock_account',
    'open_account',
    'remove_account',
  ])
  expect(needing('mail')).toHaveLength(Object.keys(outsides).length - 15)
})

test('what is for all moderators is about no registration', () => {
  const kinds = JOBS.filter((job) => placeOf(job, 'r1').registrationId === null).map(({ kind }) => kind)
  expect([...new Set(kinds)].sort()).toEqual(
    JOB_KINDS.filter((kind) => /^(?:ask|notify|warn|answer)_/.test(kind)).sort(),
  )
})

test('an email and a room are named, and nothing else', () => {
  const named = told(aboutOf)
  expect(named['mail denied']).toEqual({ field: 'mail', value: 'denied' })
  expect(named['join_room']).toEqual({ field: 'room', value: '#welcome:example.test' })
  expect(
    Object.keys(named).filter((name) => named[name] !== null && !/^mail |^join_room$/.test(name)),
  ).toEqual([])
})

test('a decision that is undone takes along what carries it out and tells of it', () => {
  expect(JOB_KINDS.filter((kind) => definitionOf(kind).undone === true)).toEqual([
    'open_account',
    'remove_account',
  ])
  expect(UNDONE_MAILS).toEqual(['set_password', 'denied'])
})

test('one that waits covers the next one like it', () => {
  const kinds = JOB_KINDS.filter((kind) => definitionOf(kind).once !== undefined)
  expect(kinds.map((kind) => [kind, definitionOf(kind).once, definitionOf(kind).gathers ?? false])).toEqual([
    ['mail', { by: 'payload' }, false],
    ['remove_account', { by: ['username'], everywhere: true }, false],
    ['notify_room', { by: [] }, true],
    ['notify_room_decided', { by: ['registration', 'rested'] }, false],
    ['notify_room_again', { by: ['registration'] }, false],
    ['ask_matrix_id', { by: ['moderator'] }, false],
    ['answer_in_room', { by: ['event'] }, false],
    ['notify_moderators', { by: ['reminder'] }, true],
    ['notify_person', { by: ['why'] }, true],
    ['warn_outage', { by: ['by', 'server', 'since'], ever: true }, false],
  ])
})

test('an outage that is over soon is not told of', () => {
  const outages = JOBS.filter(({ kind }) => kind === 'warn_outage')
  const told = outages.map((job) => definitionOf(job.kind).notBefore?.(job))
  expect(told).toEqual([300_005, 300_005, 300_005])
})

test('nothing else is put off, but the look at a message once its decision rests no longer', () => {
  const others = JOBS.filter(({ kind }) => kind !== 'warn_outage')
  const putOff = others.flatMap((job) => {
    const at = definitionOf(job.kind).notBefore?.(job)
    return at === undefined ? [] : [[job.kind, at]]
  })
  const rested = others.flatMap((job) =>
    job.kind === 'notify_room_decided' && job.rested !== undefined ? [[job.kind, job.rested]] : [],
  )
  expect(rested).toHaveLength(1)
  expect(putOff).toEqual(rested)
})

test('an address that nobody confirmed and that does not exist is nobody’s problem', () => {
  expect(MAILS_TO_STRANGERS).toEqual(['unknown_address'])
  expect(AWAITED_MAILS).toEqual(['verification', 'known_address', 'unknown_address'])
})

describe('what carries something else than it did', () => {
  const older = {
    1: (payload: object) => ({ ...payload, greeting: 'hello' }),
    0: (payload: object, createdAt: number) => ({ ...payload, at: createdAt }),
  }

  test('is written under the version after the latest older one', () => {
    expect(versionOf()).toBe(1)
    expect(versionOf({ 0: (payload) => payload })).toBe(1)
    expect(versionOf(older)).toBe(2)
    expect(versionOf({ 3: (payload) => payload })).toBe(4)
  })

  test('is read from the version it has, step by step, and those without a change stay', () => {
    expect(upgraded({ a: 1 }, 0, older, 7)).toEqual({ a: 1, at: 7, greeting: 'hello' })
    expect(upgraded({ a: 1 }, 1, older, 7)).toEqual({ a: 1, greeting: 'hello' })
    expect(upgraded({ a: 1 }, 2, older, 7)).toEqual({ a: 1 })
    expect(upgraded({ a: 1 }, 0, { 3: () => ({ b: 2 }) }, 7)).toEqual({ b: 2 })
    expect(upgraded({ a: 1 }, 0, undefined, 7)).toEqual({ a: 1 })
  })

  test('has versions of its own, each email too', () => {
    expect(JOB_KINDS.filter((kind) => olderOf(kind, {}) !== undefined)).toEqual([
      'notify_room',
      'notify_moderators',
      'warn_auto_join',
    ])
    expect(olderOf('mail', { mail: 'denied' })).toBeUndefined()
    expect(olderOf('mail', { mail: 7 })).toBeUndefined()
  })
})
