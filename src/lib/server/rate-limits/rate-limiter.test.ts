import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { DAY, LONGEST_AHEAD_MS } from '$lib/registration/time'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { openDatabase } from '../database/open'
import { attempts } from '../database/schema'
import { byNetwork, createRateLimiter, type RateLimiter } from './rate-limiter'

const LIMIT = { count: 3, windowMs: 1000 }
let test: TestDatabase
let now: number
let limits: RateLimiter

beforeEach(async () => {
  test = await openTestDatabase()
  now = 1_000_000
  limits = createRateLimiter({ database: test.database, secret: 'a secret', clock: () => now })
})
afterEach(() => test.dispose())

const rows = () => test.database.read((reader) => reader.select().from(attempts))
const fill = async (kind: string, subject: string) => {
  for (let taken = 0; taken < LIMIT.count; taken++)
    expect(await limits.take(kind, subject, LIMIT)).toEqual({ ok: true })
}

it('lets the agreed number through, and tells when the next one may come', async () => {
  for (const at of [0, 100, 300]) {
    now = 1_000_000 + at
    expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: true })
  }
  now = 1_000_400
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: false, retryAfterMs: 600 })
})

it('opens again exactly when it said, for one try only: the window slides', async () => {
  await limits.take('mail', 'a', LIMIT)
  now += 100
  await limits.take('mail', 'a', LIMIT)
  await limits.take('mail', 'a', LIMIT)
  now = 1_000_999
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: false, retryAfterMs: 1 })
  now = 1_001_000
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: true })
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: false, retryAfterMs: 100 })
})

it('does not count what it refuses, so that asking again does not lengthen the wait', async () => {
  await fill('mail', 'a')
  now += 999
  for (let again = 0; again < 10; again++) await limits.take('mail', 'a', LIMIT)
  now += 1
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: true })
})

it('refuses without waiting for the one writer once it has refused, so that a crowd of refused tries holds nobody up', async () => {
  await fill('mail', 'a')
  expect((await limits.take('mail', 'a', LIMIT)).ok).toBe(false)
  const writes = vi.spyOn(test.database, 'write')
  for (let again = 0; again < 10; again++) {
    expect((await limits.take('mail', 'a', LIMIT)).ok).toBe(false)
    const both = [
      { kind: 'mail', subject: 'a', limit: LIMIT },
      { kind: 'mail', subject: `b${again}`, limit: LIMIT },
    ]
    expect((await limits.takeAll(both)).ok).toBe(false)
  }
  expect(writes).not.toHaveBeenCalled()
})

it('asks again what it refused: what was forgotten elsewhere, or is over by the clock, is let through', async () => {
  await fill('mail', 'a')
  await fill('mail', 'b')
  for (const subject of ['a', 'b']) expect((await limits.take('mail', subject, LIMIT)).ok).toBe(false)
  const other = await openDatabase({ url: test.url })
  try {
    const theirs = createRateLimiter({ database: other, secret: 'a secret', clock: () => now })
    await theirs.forget('mail', 'a')
  } finally {
    other.close()
  }
  expect(await limits.take('mail', 'a', LIMIT)).toEqual({ ok: true })
  now += 1000
  expect(await limits.take('mail', 'b', LIMIT)).toEqual({ ok: true })
})

it('refuses as well where so many others were refused since that it does not know them all', async () => {
  const once = { count: 0, windowMs: 1000 }
  await fill('mail', 'a')
  expect((await limits.take('mail', 'a', LIMIT)).ok).toBe(false)
  for (let more = 0; more < 1_001; more++) await limits.take('other', `n${more}`, once)
  expect((await limits.take('mail', 'a', LIMIT)).ok).toBe(false)
})

it('lets exactly the agreed number through of 50 at once', async () => {
  const taken = await Promise.all(Array.from({ length: 50 }, () => limits.take('mail', 'a', LIMIT)))
  expect(taken.filter((one) => one.ok)).toHaveLength(LIMIT.count)
  expect(await rows()).toHaveLength(LIMIT.count)
})

it('tells how many were counted in each step, the newest first, and of one thing alone', async () => {
  for (const ago of [3_000, 2_999, 2_001, 1_000, 999, 0]) {
    now = 2_000_000 - ago
    await limits.take('start', 'all', { count: Infinity, windowMs: 1_000 })
  }
  await limits.take('start', 'b', LIMIT)
  expect(await limits.tally('start', 'all', 1_000, 3)).toEqual([2, 1, 2])
  expect(await limits.tally('start', 'nobody', 1_000, 3)).toEqual([0, 0, 0])
  // A clock that was set back.
  now = 1_999_990
  expect((await limits.tally('start', 'all', 1_000, 3))[0]).toBe(3)
})

it('only counts where there is no limit', async () => {
  const taken = await Promise.all(
    Array.from({ length: 50 }, () => limits.take('start', 'all', { count: Infinity, windowMs: 1_000 })),
  )
  expect(new Set(taken.map(({ ok }) => ok))).toEqual(new Set([true]))
  expect(await limits.tally('start', 'all', 1_000, 1)).toEqual([50])
})

it('holds across two processes on the same file', async () => {
  const other = await openDatabase({ url: test.url })
  try {
    const theirs = createRateLimiter({ database: other, secret: 'a secret', clock: () => now })
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? limits : theirs).take('mail', 'a', LIMIT)),
    )
    expect(taken.filter((one) => one.ok)).toHaveLength(LIMIT.count)
  } finally {
    other.close()
  }
})

it('counts kinds and subjects apart', async () => {
  await fill('mail', 'a')
  expect(await limits.take('mail', 'b', LIMIT)).toEqual({ ok: true })
  expect(await limits.take('sign-in', 'a', LIMIT)).toEqual({ ok: true })
})

it('counts one host once, however many addresses of its IPv6 network it uses', async () => {
  await limits.take('mail', '2001:db8:1:2::1', LIMIT)
  await limits.take('mail', '2001:db8:1:2:ffff::', LIMIT)
  await limits.take('mail', '2001:DB8:1:2::3', LIMIT)
  expect((await limits.take('mail', '2001:db8:1:2::4', LIMIT)).ok).toBe(false)
  expect((await limits.take('mail', '2001:db8:1:3::4', LIMIT)).ok).toBe(true)
})

it('counts an IPv4-mapped address as the IPv4 address', async () => {
  await fill('mail', '192.0.2.1')
  expect((await limits.take('mail', '::ffff:192.0.2.1', LIMIT)).ok).toBe(false)
})

it('writes neither subject nor kind into the database, and other keys under another secret', async () => {
  await limits.take('mail', '192.0.2.1', LIMIT)
  const other = createRateLimiter({ database: test.database, secret: 'another', clock: () => now })
  await other.take('mail', '192.0.2.1', LIMIT)
  const [first, second] = await rows()
  expect(first?.key).toMatch(/^[\w-]{43}$/)
  expect(first?.key).not.toBe(second?.key)
})

it('takes all or none of several', async () => {
  const network = { kind: 'mail-network', subject: '192.0.2.1', limit: LIMIT }
  const address = (subject: string) => ({ kind: 'mail-address', subject, limit: { ...LIMIT, count: 1 } })
  expect(await limits.takeAll([network, address('a')])).toEqual({ ok: true })
  now += 10
  for (let again = 0; again < 5; again++)
    expect(await limits.takeAll([network, address('a')])).toEqual({ ok: false, retryAfterMs: 990 })
  expect(await limits.takeAll([network, address('b')])).toEqual({ ok: true })
  expect(await limits.takeAll([network, address('c')])).toEqual({ ok: true })
  expect((await limits.takeAll([network, address('d')])).ok).toBe(false)
  expect(await limits.peek('mail-address', 'd', LIMIT)).toEqual({ ok: true })
})

it('looks without counting', async () => {
  for (let look = 0; look < 10; look++) expect(await limits.peek('mail', 'a', LIMIT)).toEqual({ ok: true })
  await fill('mail', 'a')
  expect(await limits.peek('mail', 'a', LIMIT)).toEqual({ ok: false, retryAfterMs: 1000 })
})

it('lets nobody through where the limit is none', async () => {
  expect(await limits.take('mail', 'a', { count: 0, windowMs: 1000 })).toEqual({
    ok: false,
    retryAfterMs: 1000,
  })
})

it('forgets one subject of one kind', async () => {
  await fill('mail', 'a')
  await fill('mail', 'b')
  await fill('sign-in', 'a')
  await limits.forget('mail', 'a')
  expect((await limits.take('mail', 'a', LIMIT)).ok).toBe(true)
  expect((await limits.take('mail', 'b', LIMIT)).ok).toBe(false)
  expect((await limits.take('sign-in', 'a', LIMIT)).ok).toBe(false)
})

it('forgets of other things just the tries that were counted together', async () => {
  const both = { kind: 'both', subject: 'x' }
  const one = { kind: 'one', subject: 'x' }
  await limits.takeAll([{ ...one, limit: LIMIT }])
  await limits.takeAll([
    { ...both, limit: LIMIT },
    { ...one, limit: LIMIT },
  ])
  now += 5
  await limits.takeAll([{ ...one, limit: LIMIT }])
  await limits.forgetWith(both, [one])
  expect((await rows()).map((row) => row.at)).toEqual([1_000_000, 1_000_005])
  expect(await limits.take('one', 'x', LIMIT)).toEqual({ ok: true })
  expect((await limits.take('one', 'x', LIMIT)).ok).toBe(false)
})

it('keeps no more than a hundred rows of a key, and still lets no more through within a window than agreed', async () => {
  const many = { count: 200, windowMs: 64_000 }
  const times: number[] = []
  const asked = async () => {
    if ((await limits.take('many', 'a', many)).ok) times.push(now)
    now += 200
  }
  for (let tries = 0; tries < 450; tries++) await asked()
  expect((await rows()).filter((row) => row.at > now - many.windowMs).length).toBeLessThan(100)
  // What shares a row is forgotten with the first of it: a part of the window too early, and no more.
  const part = many.windowMs / 64
  for (const [index, at] of times.entries()) {
    const before = times[index - many.count]
    if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(many.windowMs - part)
  }
  expect(times.length).toBeGreaterThan(300)
})

it('deletes what no window reaches any more, and nothing else', async () => {
  const day = { count: 1, windowMs: 24 * 60 * 60 * 1000 }
  await limits.take('mail', 'a', day)
  now += 1
  await limits.take('mail', 'b', day)
  now += day.windowMs - 1
  await limits.deleteOld()
  expect(await rows()).toHaveLength(1)
  expect((await limits.take('mail', 'b', day)).ok).toBe(false)
})

it('refuses nobody for what was counted while the clock was ahead, once it is right, and deletes that', async () => {
  const day = { count: 3, windowMs: DAY }
  const right = now
  for (const ahead of [30 * DAY, LONGEST_AHEAD_MS + 1]) {
    now = right + ahead
    for (let taken = 0; taken < 3; taken++) {
      await limits.take('code', 'a', LIMIT)
      await limits.take('mail', 'a', day)
    }
    expect((await limits.take('mail', 'a', day)).ok).toBe(false)
  }
  now = right
  expect((await limits.tally('mail', 'a', 1_000, 3))[0]).toBe(0)
  for (const [kind, limit] of [
    ['code', LIMIT],
    ['mail', day],
  ] as const) {
    for (let taken = 0; taken < 3; taken++) expect(await limits.take(kind, 'a', limit)).toEqual({ ok: true })
    expect((await limits.take(kind, 'a', limit)).ok).toBe(false)
  }
  await limits.deleteOld()
  expect((await rows()).map(({ at }) => at)).toEqual(Array.from({ length: 6 }, () => right))
})

it('still counts what was counted before the clock was set back a little', async () => {
  const day = { count: 3, windowMs: DAY }
  for (let taken = 0; taken < 3; taken++) await limits.take('mail', 'a', day)
  now -= LONGEST_AHEAD_MS
  expect((await limits.take('mail', 'a', day)).ok).toBe(false)
  await limits.deleteOld()
  expect(await rows()).toHaveLength(3)
  now += LONGEST_AHEAD_MS
  await fill('code', 'a')
  now -= LIMIT.windowMs
  expect(await limits.take('code', 'a', LIMIT)).toEqual({ ok: false, retryAfterMs: 2 * LIMIT.windowMs })
})

it('refuses a window that reaches further back than tries are kept', async () => {
  const week = { count: 1, windowMs: 7 * 24 * 60 * 60 * 1000 }
  await expect(limits.take('mail', 'a', week)).rejects.toThrow(RangeError)
  const patient = createRateLimiter({
    database: test.database,
    secret: 'a secret',
    clock: () => now,
    longestWindowMs: week.windowMs,
  })
  expect((await patient.take('mail', 'a', week)).ok).toBe(true)
})

it('lets wider networks try more often than an address, by their share', () => {
  expect(byNetwork('mail', '203.0.113.7', LIMIT)).toEqual([
    { kind: 'mail', subject: '203.0.113.7', limit: LIMIT },
    { kind: 'mail', subject: '203.0.113.0/24', limit: { ...LIMIT, count: 96 } },
  ])
  expect(byNetwork('mail', '2001:db8:1:2::3', LIMIT).map(({ limit }) => limit.count)).toEqual([3, 6, 12])
})

it('names the claim that makes its claimant wait longest, the first of two alike, and none where none does', async () => {
  const claim = (subject: string, windowMs: number) => ({
    kind: 'mail',
    subject,
    limit: { count: 1, windowMs },
  })
  const [free, short, long, alike] = [claim('a', 500), claim('b', 500), claim('c', 1000), claim('d', 1000)]
  expect(await limits.refusing([free, short, long])).toBeNull()
  await limits.takeAll([short, long, alike])
  expect(await limits.refusing([free])).toBeNull()
  expect(await limits.refusing([free, short])).toBe(short)
  expect(await limits.refusing([free, short, long, alike])).toBe(long)
  expect(await limits.refusing([alike, long, short, free])).toBe(alike)
})
