import { Secret } from 'otpauth'
import { expect, test } from 'vitest'
import { acceptCode, newSecret, secretLink } from './one-time-code'

/** RFC 6238, appendix B: the ASCII text "12345678901234567890"; the last six of its eight digits. */
const SECRET = Secret.fromLatin1('12345678901234567890').base32
const VECTORS: [number, string][] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
]

test.each(VECTORS)('at %d s the code is that of RFC 6238', (seconds, code) => {
  expect(acceptCode(SECRET, code, { now: seconds * 1000, lastStep: null })).toBe(Math.floor(seconds / 30))
})

test('the step before and the step after are taken, and no other', () => {
  const at = (seconds: number) => acceptCode(SECRET, '005924', { now: seconds * 1000, lastStep: null })
  expect([at(1234567890 - 60), at(1234567890 + 60)]).toEqual([null, null])
  expect([at(1234567890 - 30), at(1234567890 + 30)]).toEqual([41152263, 41152263])
})

test('no code is taken twice, nor an older one after it', () => {
  const now = 1234567890 * 1000
  expect(acceptCode(SECRET, '005924', { now, lastStep: 41152263 })).toBeNull()
  expect(acceptCode(SECRET, '005924', { now, lastStep: 41152264 })).toBeNull()
  expect(acceptCode(SECRET, '005 924', { now, lastStep: 41152262 })).toBe(41152263)
})

test.each(['', '12345', '1234567', 'abcdef', '００５９２４'])('%j is no code', (typed) => {
  expect(acceptCode(SECRET, typed, { now: 1234567890 * 1000, lastStep: null })).toBeNull()
})

test('a secret is new each time, and its link says whose it is', () => {
  expect(newSecret()).toMatch(/^[A-Z2-7]{32}$/)
  expect(newSecret()).not.toBe(newSecret())
  expect(secretLink(SECRET, 'Example & Friends', 'ada')).toMatch(
    /^otpauth:\/\/totp\/Example%20%26%20Friends:ada\?.*secret=/,
  )
})
