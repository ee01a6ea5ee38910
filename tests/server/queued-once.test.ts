import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewJob } from '$lib/registration/job'
import { insertJob } from '$lib/server/database/jobs'
import { insertRegistration } from '$lib/server/database/registrations'
import { jobs } from '$lib/server/database/schema'
import { openTestDatabase, type TestDatabase } from '../support/database'
import { aRegistration, NOON, username } from '../support/registration'

let kept: TestDatabase
beforeEach(async () => {
  kept = await openTestDatabase()
  await kept.database.write((tx) => insertRegistration(tx, aRegistration()))
})
afterEach(() => kept.dispose())

const RIVER = username('river')
const queue = (job: NewJob, registrationId: string | null = 'r1') =>
  kept.database.write((tx) => insertJob(tx, job, { id: randomUUID(), registrationId, now: NOON, rest: 0 }))
const queued = () => kept.database.read((reader) => reader.$count(jobs))
const tried = () => kept.database.write((tx) => tx.update(jobs).set({ attempts: 1 }))

test.each<[string, NewJob, NewJob | null]>([
  ['an email', { kind: 'mail', mail: 'known_address', language: 'en' }, { kind: 'mail', mail: 'requested' }],
  [
    'an email in one language',
    { kind: 'mail', mail: 'known_address', language: 'en' },
    { kind: 'mail', mail: 'known_address', language: 'de' },
  ],
  [
    'a removal',
    { kind: 'remove_account', username: RIVER },
    { kind: 'remove_account', username: username('brook') },
  ],
  [
    'a notice',
    { kind: 'notify_moderators', since: 1, reminder: true },
    { kind: 'notify_moderators', since: 1, reminder: false },
  ],
  ['a notice in the room', { kind: 'notify_room', since: 1 }, null],
  [
    'what became of a request',
    { kind: 'notify_room_decided', registration: 'r-1' },
    { kind: 'notify_room_decided', registration: 'r-2' },
  ],
  [
    'a question about a Matrix ID',
    { kind: 'ask_matrix_id', moderator: 'm-1' },
    { kind: 'ask_matrix_id', moderator: 'm-2' },
  ],
  [
    'the end of an undo window',
    { kind: 'notify_room_decided', registration: 'r-1', rested: 1_768_478_460_000 },
    { kind: 'notify_room_decided', registration: 'r-1' },
  ],
  [
    'a request that changed',
    { kind: 'notify_room_again', registration: 'r-1' },
    { kind: 'notify_room_again', registration: 'r-2' },
  ],
  [
    'an answer to an event in the room',
    { kind: 'answer_in_room', target: '$a', event: '$b', says: 'noted' },
    { kind: 'answer_in_room', target: '$a', event: '$c', says: 'noted' },
  ],
])('%s waits once, until it is tried, and others beside it', async (_, job, other) => {
  await queue(job)
  await queue(job)
  expect(await queued()).toBe(1)
  if (other !== null) await queue(other)
  expect(await queued()).toBe(other === null ? 1 : 2)
  await tried()
  await queue(job)
  expect(await queued()).toBe(other === null ? 2 : 3)
})

test('a removal waits once in all lanes, an email once in each', async () => {
  await queue({ kind: 'remove_account', username: RIVER })
  await queue({ kind: 'remove_account', username: RIVER }, null)
  expect(await queued()).toBe(1)
  await queue({ kind: 'mail', mail: 'requested' })
  await queue({ kind: 'mail', mail: 'requested' }, null)
  expect(await queued()).toBe(3)
})

test('what is done for each time waits each time', async () => {
  for (const kind of ['open_account', 'bind_address', 'welcome'] as const) {
    await queue({ kind })
    await queue({ kind })
  }
  expect(await queued()).toBe(6)
})
