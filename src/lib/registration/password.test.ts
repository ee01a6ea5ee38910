import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPassword, passwordMinimum } from './password'

describe('the password', () => {
  test.each([
    ['', {}, { code: 'password_missing' }],
    ['elevenchars', {}, { code: 'password_too_short', minimum: 12 }],
    ['twelve chars', {}, null],
    ['👍'.repeat(11), {}, { code: 'password_too_short', minimum: 12 }],
    ['a'.repeat(72), {}, null],
    ['a'.repeat(73), {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['ü'.repeat(37), {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['a'.repeat(15), { minimumLength: 16 }, { code: 'password_too_short', minimum: 16 }],
    ['a'.repeat(12), { minimumLength: 8 }, null],
    ['abcdefghijkl', { requireDigit: true }, { code: 'password_needs', needs: 'digit' }],
    ['abcdefghijk1', { requireSymbol: true }, { code: 'password_needs', needs: 'symbol' }],
    ['ABCDEFGHIJK1', { requireLowercase: true }, { code: 'password_needs', needs: 'lowercase' }],
    ['abcdefghijk1', { requireUppercase: true }, { code: 'password_needs', needs: 'uppercase' }],
    [
      'Abcdefghij1!',
      { requireDigit: true, requireSymbol: true, requireLowercase: true, requireUppercase: true },
      null,
    ],
    ['My.User.Name', {}, { code: 'password_like_name' }],
    ['Ｍｙ．Ｕｓｅｒ．Ｎａｍｅ', {}, { code: 'password_like_name' }],
    // What is hashed is longer than what is typed …
    ['½'.repeat(24) + 'AAAAAAAA', {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['½'.repeat(14), {}, null],
    ['ﷺ'.repeat(12), {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['㌖'.repeat(12), {}, { code: 'password_too_long', maximumBytes: 72 }],
    // … or shorter.
    ['ａ'.repeat(72), {}, null],
    ['ａ'.repeat(73), {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['u\u0308'.repeat(36), {}, null],
    ['u\u0308'.repeat(37), {}, { code: 'password_too_long', maximumBytes: 72 }],
    ['𝐚'.repeat(72), {}, null],
    // Neither makes a short one long: of both, the shorter counts.
    ['u\u0308'.repeat(11), {}, { code: 'password_too_short', minimum: 12 }],
    ['u\u0308'.repeat(12), {}, null],
    ['ﷺ', {}, { code: 'password_too_short', minimum: 12 }],
    ['½'.repeat(11), {}, { code: 'password_too_short', minimum: 12 }],
    // The homeserver's own rules look at what is typed.
    ['ａｂｃｄｅｆｇｈｉｊｋ１', { requireDigit: true }, { code: 'password_needs', needs: 'digit' }],
    ['ＡＢＣＤＥＦＧＨＩＪＫ１', { requireUppercase: true }, { code: 'password_needs', needs: 'uppercase' }],
    ['ａｂｃｄｅｆｇｈｉｊｋｌ', { requireSymbol: true }, null],
    // What not every homeserver reads alike.
    ['a pass phrase\u0000 of some length', {}, { code: 'password_characters' }],
    ['a pass phrase\tof some length', {}, { code: 'password_characters' }],
    ['a pass phrase\u0085of some length', {}, { code: 'password_characters' }],
    ['a pass phrase \ud800 of some length', {}, { code: 'password_characters' }],
    ['a pass phrase \udc00\ud800 of some length', {}, { code: 'password_characters' }],
    ['a pass phrase \uffff of some length', {}, { code: 'password_characters' }],
    ['a pass phrase \u0378 of some length', {}, { code: 'password_characters' }],
    ['꟱'.repeat(24) + 'AAAAAAAA', {}, { code: 'password_characters' }],
    ['\u{1ccd6}'.repeat(24) + 'AAAAAAAA', {}, { code: 'password_characters' }],
    ['\u{105d2}\u0307 and eleven more', {}, { code: 'password_characters' }],
    // An emoji that is newer than this Unicode stands for itself, as each of them does.
    ['a pass phrase \u{1facf} of some length', {}, null],
    ['👩‍👩‍👧‍👦 a pass phrase', {}, null],
  ])('%j under %j: %j', (password, policy, refusal) =>
    expect(checkPassword(password, 'my.user.name', policy)).toEqual(refusal),
  )

  test('the minimum is the stricter of ours and the homeserver’s', () => {
    expect(passwordMinimum({})).toBe(12)
    expect(passwordMinimum({ minimumLength: 20 })).toBe(20)
  })
})

describe('what Synapse hashes', () => {
  /** As `AuthHandler.hash` of Synapse 1.160: NFKC, and of its bytes (the server's pepper behind them) the first 72. */
  const hashed = (password: string) => Buffer.from(password.normalize('NFKC')).subarray(0, 72).toString('hex')

  const strange = fc.string({
    unit: fc.constantFrom(
      ...'aB1 .½ﷺ㌖ａﬃ№ǆéüÅ①ⅷ｡가각👍𝐚😀',
      '\u0301',
      '\u0308',
      '\u1100',
      '\u1161',
      '\u200d',
    ),
    minLength: 8,
    maxLength: 80,
  })

  test('a password that is taken counts to its last character', () => {
    fc.assert(
      fc.property(
        fc.oneof(strange, fc.string({ unit: 'binary', minLength: 10 })),
        strange,
        (password, other) => {
          fc.pre(checkPassword(password, 'name', {}) === null)
          const changed = [...password].slice(0, -1).join('') + other
          fc.pre(
            changed.normalize('NFKC') !== password.normalize('NFKC') &&
              Buffer.byteLength(changed.normalize('NFKC')) <= 72,
          )
          expect(hashed(changed)).not.toBe(hashed(password))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('a password is not refused for the bytes that were typed, and never reaches the 512 characters of the admin API', () => {
    fc.assert(
      fc.property(strange, (password) => {
        const refused = checkPassword(password, 'name', {})
        const bytes = Buffer.byteLength(password.normalize('NFKC'))
        expect(refused?.code === 'password_too_long').toBe(
          bytes > 72 && refused?.code !== 'password_too_short',
        )
        if (refused === null) expect([...password].length).toBeLessThanOrEqual(512)
      }),
      { numRuns: 3000 },
    )
  })
})
