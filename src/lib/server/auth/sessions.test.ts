import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { insertModerator, updateModerator } from '../database/moderators'
import { sessions as table } from '../database/schema'
import { createSessions, LATELY_MS, type Sessions } from './sessions'
import { mintToken } from '../crypto/tokens'
import { DAY, HOUR } from '$lib/registration/time'

const START = Date.UTC(2031, 0, 1)
let test: TestDatabase
let now: number
let sessions: Sessions

beforeEach(async () => {
  test = await openTestDatabase()
  now = START
  sessions = createSessions({ database: test.database, secure: true, clock: () => now })
  for (const id of ['m1', 'm2'])
    await test.database.write((tx) =>
      insertModerator(tx, {
        id,
        username: `name-of-${id}`,
        email: 'm@example.org',
        passwordHash: 'none',
        createdAt: 0,
        disabledAt: null,
      }),
    )
})
afterEach(() => test.dispose())

const rows = () => test.database.read((reader) => reader.select().from(table))

it('knows who signed in, by the cookie alone', async () => {
  const { value } = await sessions.signIn('m1')
  expect(await sessions.check(value)).toEqual({
    moderator: {
      id: 'm1',
      username: 'name-of-m1',
      role: 'administrator',
      shortcuts: true,
      mustSetUp: false,
      lately: true,
    },
    session: { startedAt: START },
  })
})

it('sets a cookie that scripts, other sites and plain http do not get', async () => {
  const cookie = await sessions.signIn('m1')
  expect(cookie.name).toBe('__Host-session')
  expect(sessions.cookieName).toBe(cookie.name)
  expect(cookie.attributes).toEqual({
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    path: '/',
    maxAge: (7 * DAY) / 1000,
  })
})

it('does without Secure and its prefix where the site has no https', async () => {
  const plain = createSessions({ database: test.database, secure: false, clock: () => now })
  const cookie = await plain.signIn('m1')
  expect(cookie.name).toBe('session')
  expect(cookie.attributes).toMatchObject({ httpOnly: true, secure: false, sameSite: 'lax', path: '/' })
})

it('keeps only the hash of the id, which opens nothing', async () => {
  const { value } = await sessions.signIn('m1')
  const [row] = await rows()
  expect(row?.id).toBe(createHash('sha256').update(value).digest('hex'))
  expect(JSON.stringify(await rows())).not.toContain(value)
  expect(await sessions.check(row?.id)).toBeNull()
})

it('gives a new id at every sign-in, so that nobody can plant one', async () => {
  const first = await sessions.signIn('m1')
  const second = await sessions.signIn('m1')
  expect(second.value).not.toBe(first.value)
  expect(await sessions.check(first.value)).not.toBeNull()
  expect(await sessions.check(second.value)).not.toBeNull()
})

it('makes ids of 256 bits of the given randomness', async () => {
  const asked: number[] = []
  const seeded = createSessions({
    database: test.database,
    secure: true,
    clock: () => now,
    random: (bytes) => {
      asked.push(bytes)
      return new Uint8Array(bytes)
    },
  })
  expect((await seeded.signIn('m1')).value).toBe('A'.repeat(43))
  expect(asked).toEqual([32])
})

it.each([undefined, '', 'x', "' or 1=1 --", 'A'.repeat(100_000)])(
  'lets nobody in with the cookie %j',
  async (value) => {
    await sessions.signIn('m1')
    expect(await sessions.check(value)).toBeNull()
  },
)

it('lets nobody in with an id that it never gave', async () => {
  await sessions.signIn('m1')
  expect(await sessions.check(mintToken().plain)).toBeNull()
})

it('ends a session that was not used for seven days, and deletes it', async () => {
  const { value } = await sessions.signIn('m1')
  now += 7 * DAY
  expect(await sessions.check(value)).toBeNull()
  expect(await rows()).toEqual([])
})

it('lets in until the last moment of the seven days', async () => {
  const { value } = await sessions.signIn('m1')
  now += 7 * DAY - 2000
  expect(await sessions.check(value)).not.toBeNull()
})

it('extends a session that is used, and tells the browser', async () => {
  const { value } = await sessions.signIn('m1')
  now += 3 * DAY
  expect(await sessions.check(value)).not.toHaveProperty('freshCookie')
  now += DAY
  const extended = await sessions.check(value)
  expect(extended?.freshCookie).toMatchObject({
    name: '__Host-session',
    value,
    attributes: { maxAge: (7 * DAY) / 1000 },
  })
  expect((await rows()).map((row) => row.expiresAt * 1000)).toEqual([START + 11 * DAY])
  now += 6 * DAY
  expect(await sessions.check(value)).not.toBeNull()
})

it('extends no session by a look, where no cookie can reach the browser', async () => {
  const { value } = await sessions.signIn('m1')
  now += 4 * DAY
  const looked = await sessions.look(value)
  expect(looked?.moderator.id).toBe('m1')
  expect(looked).not.toHaveProperty('freshCookie')
  expect((await rows()).map((row) => row.expiresAt * 1000)).toEqual([START + 7 * DAY])
  expect(await sessions.check(value)).toHaveProperty('freshCookie')
  now += 7 * DAY
  expect(await sessions.look(value)).toBeNull()
})

it('ends every session thirty days after the sign-in, however busy', async () => {
  const { value } = await sessions.signIn('m1')
  for (let day = 1; day < 30; day++) {
    now = START + day * DAY
    expect(await sessions.check(value)).not.toBeNull()
  }
  now = START + 30 * DAY - 1
  expect(await sessions.check(value)).toMatchObject({ session: { startedAt: START } })
  now = START + 30 * DAY
  expect(await sessions.check(value)).toBeNull()
  expect(await rows()).toEqual([])
})

it('signs out a moderator who is disabled, at once', async () => {
  const { value } = await sessions.signIn('m1')
  const other = await sessions.signIn('m2')
  await test.database.write((tx) => updateModerator(tx, 'm1', { disabledAt: now }))
  expect(await sessions.check(value)).toBeNull()
  expect(await sessions.check(other.value)).not.toBeNull()
  expect(await rows()).toHaveLength(1)
})

it('signs out in the database too, so that a stolen cookie dies with it', async () => {
  const { value } = await sessions.signIn('m1')
  const other = await sessions.signIn('m1')
  const blank = await sessions.signOut(value)
  expect(blank).toMatchObject({
    name: '__Host-session',
    value: '',
    attributes: { maxAge: 0, secure: true, path: '/' },
  })
  expect(await sessions.check(value)).toBeNull()
  expect(await sessions.check(other.value)).not.toBeNull()
})

it.each([undefined, 'garbage'])(
  'signs out a browser without a session (%j) without complaint',
  async (value) => {
    expect((await sessions.signOut(value)).value).toBe('')
  },
)

it('signs a moderator out everywhere', async () => {
  const cookies = [await sessions.signIn('m1'), await sessions.signIn('m1')]
  const other = await sessions.signIn('m2')
  await sessions.signOutEverywhere('m1')
  for (const { value } of cookies) expect(await sessions.check(value)).toBeNull()
  expect(await sessions.check(other.value)).not.toBeNull()
})

it('deletes what ended by idling or by age, and keeps the rest', async () => {
  const old = await sessions.signIn('m1')
  for (const day of [5, 10, 15, 20, 25]) {
    now = START + day * DAY
    await sessions.check(old.value)
  }
  await sessions.signIn('m1')
  now = START + 28 * DAY
  const young = await sessions.signIn('m2')
  now = START + 29 * DAY
  await sessions.check(old.value)
  now = START + 32 * DAY
  await sessions.deleteExpired()
  expect((await rows()).map((row) => row.userId)).toEqual(['m2'])
  expect(await sessions.check(young.value)).not.toBeNull()
})

it('tells the sessions that were confirmed lately from all other cookies, and lets nobody in by that', async () => {
  const { value } = await sessions.signIn('m1')
  expect(sessions.isKnown(value)).toBe(true)
  for (const other of [undefined, '', 'x', mintToken().plain]) {
    expect(await sessions.check(other)).toBeNull()
    expect(sessions.isKnown(other)).toBe(false)
  }
  await sessions.signOut(value)
  expect(sessions.isKnown(value)).toBe(false)

  const { value: disabled } = await sessions.signIn('m1')
  await test.database.write((tx) => updateModerator(tx, 'm1', { disabledAt: now }))
  expect(await sessions.check(disabled)).toBeNull()
  expect(sessions.isKnown(disabled)).toBe(false)

  const { value: everywhere } = await sessions.signIn('m2')
  await sessions.signOutEverywhere('m2')
  expect(sessions.isKnown(everywhere)).toBe(false)
})

it('knows the sessions that go on over a restart from the first request, and no others', async () => {
  const { value: old } = await sessions.signIn('m2')
  now += 8 * DAY
  const { value: living } = await sessions.signIn('m1')
  const { value: disabled } = await sessions.signIn('m2')
  await test.database.write((tx) => updateModerator(tx, 'm2', { disabledAt: now }))
  const again = createSessions({ database: test.database, secure: true, clock: () => now })
  expect(again.isKnown(living)).toBe(false)
  await again.recall()
  expect([living, old, disabled].map((cookie) => again.isKnown(cookie))).toEqual([true, false, false])
  now += 7 * DAY
  expect(again.isKnown(living)).toBe(false)
})

it('calls a sign-in lately for half an hour, however the session is used', async () => {
  const { value } = await sessions.signIn('m1')
  const lately = async () => (await sessions.check(value))?.moderator.lately
  expect(LATELY_MS).toBe(HOUR / 2)
  now = START + HOUR / 2 - 1
  expect(await lately()).toBe(true)
  now = START + HOUR / 2
  expect(await lately()).toBe(false)
  // The clock was ahead at the sign-in.
  now = START - HOUR / 2
  expect(await lately()).toBe(false)
})

it('notes that somebody is there every five minutes, and not at each request', async () => {
  const { value } = await sessions.signIn('m1')
  const seenAfter = async (minutes: number, more = 0) => {
    now = START + minutes * (HOUR / 60) + more
    await sessions.check(value)
    return (await rows())[0]?.lastSeenAt
  }
  expect(await seenAfter(5)).toBeNull()
  expect(await seenAfter(5, 1)).toBe(now)
  const seen = now
  expect(await seenAfter(10)).toBe(seen)
  expect(await seenAfter(10, 1)).toBe(seen)
  expect(await seenAfter(10, 2)).toBe(now)
})

it('knows a session that another process began once it was confirmed here', async () => {
  const another = createSessions({ database: test.database, secure: true, clock: () => now })
  const { value } = await another.signIn('m1')
  expect(sessions.isKnown(value)).toBe(false)
  await sessions.check(value)
  expect(sessions.isKnown(value)).toBe(true)
})
