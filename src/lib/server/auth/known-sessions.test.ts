import { beforeEach, expect, test } from 'vitest'
import { createAdmissionControl } from '../http/admission-control'
import { createKnownSessions, type KnownSessions } from './known-sessions'
import { mintToken } from '../crypto/tokens'

const LIFE_MS = 1000
let now: number
let known: KnownSessions
beforeEach(() => {
  now = 0
  known = createKnownSessions({ clock: () => now, lifeMs: LIFE_MS })
})

function confirmed(moderatorId: string): string {
  const { plain, hash } = mintToken()
  known.confirm({ hash, moderatorId })
  return plain
}

test('what was confirmed is known for a while, and nothing else ever', () => {
  const token = confirmed('m1')
  expect(known.has(token)).toBe(true)
  for (const other of [undefined, '', 'x', 'session', mintToken().plain, `${token} `, token.toUpperCase()])
    expect(known.has(other), other).toBe(false)
  now = LIFE_MS
  expect(known.has(token)).toBe(false)
  now = -LIFE_MS
  expect(known.has(token)).toBe(false)
})

test('one moderator’s many sign-ins drive out no colleague, and memory has an end', () => {
  const colleague = confirmed('m1')
  const many = Array.from({ length: 2000 }, () => confirmed('m2'))
  expect(known.has(colleague)).toBe(true)
  expect(many.filter((token) => known.has(token))).toEqual(many.slice(-20))
  const others = Array.from({ length: 1500 }, (_, index) => confirmed(`other-${index}`))
  expect(others.filter((token) => known.has(token))).toEqual(others.slice(-1000))
})

test('what was forgotten is a stranger’s again', () => {
  const { plain, hash } = mintToken()
  known.confirm({ hash, moderatorId: 'm1' })
  known.forget(hash)
  expect(known.has(plain)).toBe(false)
  const [one, two] = [confirmed('m1'), confirmed('m2')]
  known.forgetAllOf('m1')
  expect([known.has(one), known.has(two)]).toEqual([false, true])
})

test('53 of 53 moderators have their turn while 10,000 strangers come with cookies of every kind', async () => {
  const { enter } = createAdmissionControl()
  const staff = Array.from({ length: 53 }, (_, index) => confirmed(`m-${index}`))
  const strangers = Array.from({ length: 10_000 }, (_, index) =>
    enter(known.has(index % 2 === 0 ? 'x' : mintToken().plain)),
  )
  const moderators = staff.map((token) => enter(known.has(token)))
  expect((await Promise.all(moderators)).filter(Boolean)).toHaveLength(53)
  expect((await Promise.all(strangers)).filter(Boolean).length).toBeLessThan(300)
})
