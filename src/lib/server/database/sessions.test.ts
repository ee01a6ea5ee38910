import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { hashToken, mintToken } from '../crypto/tokens'
import type { Reader, Transaction } from './open'
import { moderators, sessions } from './schema'
import {
  deleteEndedSessions,
  deleteSession,
  deleteSessionsOf,
  findLivingSessions,
  findSession,
  findSessionsOf,
  markSeen,
  type SessionRow,
} from './sessions'

/** Each query is about the sessions of one moderator, of one id, or of one time, and of no others. */
let kept: TestDatabase
const NOW = 1_000_000
const write = <T>(work: (tx: Transaction) => Promise<T>) => kept.database.write(work)
const read = <T>(work: (reader: Reader) => Promise<T>) => kept.database.read(work)
/** Those that are still there. */
const ids = async () => (await read((reader) => reader.select().from(sessions))).map(({ id }) => id).sort()

beforeEach(async () => {
  kept = await openTestDatabase()
  await write((tx) =>
    tx.insert(moderators).values(
      [
        { id: 'ada', disabledAt: null },
        { id: 'ben', disabledAt: null },
        { id: 'eve', disabledAt: 1 },
      ].map((one) => ({ ...one, username: one.id, email: '', passwordHash: '', createdAt: 0 })),
    ),
  )
})
afterEach(() => kept.dispose())

const insert = (id: string, userId: string, change: Partial<SessionRow> = {}) =>
  write((tx) =>
    tx.insert(sessions).values({ id, userId, expiresAt: NOW / 1000 + 1, startedAt: NOW - 100, ...change }),
  )

test('those go on that are neither over, nor too old, nor of somebody who is disabled, the last seen behind', async () => {
  await insert('early', 'ada', { startedAt: NOW - 90, lastSeenAt: NOW - 10 })
  await insert('unseen', 'ben', { startedAt: NOW - 5 })
  await insert('seen', 'ada', { lastSeenAt: NOW - 1 })
  await insert('expired', 'ada', { expiresAt: NOW / 1000 })
  await insert('old', 'ada', { startedAt: NOW - 1000 })
  await insert('disabled', 'eve')
  const living = await read((reader) => findLivingSessions(reader, { now: NOW, startedAfter: NOW - 1000 }))
  expect(living).toEqual([
    { hash: 'early', moderatorId: 'ada' },
    { hash: 'unseen', moderatorId: 'ben' },
    { hash: 'seen', moderatorId: 'ada' },
  ])
})

test('a session is found and seen by its id alone', async () => {
  const [one, other] = [hashToken(mintToken().plain), hashToken(mintToken().plain)]
  await insert(one, 'ada')
  await insert(other, 'ben')
  await write((tx) => markSeen(tx, other, NOW))
  const seen = (id: typeof one) => read((reader) => findSession(reader, id))
  expect((await seen(one))?.session.lastSeenAt).toBeNull()
  expect(await seen(other)).toMatchObject({ session: { lastSeenAt: NOW }, moderator: { id: 'ben' } })
  expect(await seen(hashToken(mintToken().plain))).toBeNull()
})

test('the sessions of one moderator are listed and end, and those of others stay', async () => {
  for (const [id, whose] of Object.entries({ a1: 'ada', a2: 'ada', a3: 'ada', b: 'ben' }))
    await insert(id, whose)
  expect((await read((reader) => findSessionsOf(reader, 'ada'))).map(({ id }) => id)).toEqual([
    'a1',
    'a2',
    'a3',
  ])
  await write((tx) => deleteSession(tx, 'a1'))
  expect(await ids()).toEqual(['a2', 'a3', 'b'])
  await write((tx) => deleteSessionsOf(tx, 'ada'))
  expect(await ids()).toEqual(['b'])
})

test('what ended by idling or by age goes, at that very moment, and nothing else', async () => {
  await insert('idle', 'ada', { expiresAt: 50, startedAt: 2000 })
  await insert('old', 'ada', { expiresAt: 60, startedAt: 1000 })
  await insert('living', 'ada', { expiresAt: 51, startedAt: 1001 })
  await write((tx) => deleteEndedSessions(tx, { expiredAt: 50, startedBefore: 1000 }))
  expect(await ids()).toEqual(['living'])
})
