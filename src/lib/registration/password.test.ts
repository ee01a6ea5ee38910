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
  ])('%j under %j: %j', (password, policy, refusal) =>
    expect(checkPassword(password, 'my.user.name', policy)).toEqual(refusal),
  )

  test('the minimum is the stricter of ours and the homeserver’s', () => {
    expect(passwordMinimum({})).toBe(12)
    expect(passwordMinimum({ minimumLength: 20 })).toBe(20)
  })
})
