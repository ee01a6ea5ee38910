import { expect, test } from 'vitest'
import { checkPassword } from '$lib/registration/password'
import { aName, aPassword, at, failure, logIn, opened, waiting, type Target } from '../target'

export function passwordFacts(get: () => Target): void {
  test('a password of more than 512 characters is refused', async () => {
    const name = await waiting(get())
    const password = 'x'.repeat(513)
    expect(await get().raw('PUT', at(name, get()), { password })).toMatchObject({ status: 400 })
    const error = await failure(get().homeserver.fill(name, password), 'refused', true)
    expect(error.message).not.toContain('xxx')
  })

  test('a password is cut after 72 bytes without a word', async () => {
    const password = 'ä'.repeat(40)
    const name = await opened(get(), password)
    expect(await logIn(get(), name, 'ä'.repeat(36))).toHaveProperty('token')
    expect(await logIn(get(), name, 'ä'.repeat(35))).toEqual({ errcode: 'M_FORBIDDEN' })
  })

  test('the 72 bytes are those of the normal form, which is longer or shorter than what was typed', async () => {
    const longer = await opened(get(), `${'½'.repeat(24)}AAAAAAAA`)
    expect(await logIn(get(), longer, `${'½'.repeat(24)}BBBBBBBB`)).toHaveProperty('token')
    const shorter = await opened(get(), `${'ａ'.repeat(71)}A`)
    expect(await logIn(get(), shorter, `${'a'.repeat(71)}A`)).toHaveProperty('token')
    expect(await logIn(get(), shorter, `${'a'.repeat(71)}B`)).toEqual({ errcode: 'M_FORBIDDEN' })
  })

  test.each([
    'a pass phrase of some length',
    '½'.repeat(14),
    'ﷺ pass phrase!',
    'ｗｉｄｅ ｐａｓｓ ｐｈｒａｓｅ',
    'ａ'.repeat(72),
    '𝐚'.repeat(72),
    'u\u0308'.repeat(36),
    `${'½'.repeat(14)}AA`,
    '㌖㌖ and the rest',
    'ﬃ№ǆⅷ and the rest',
    '\u1100\u1161\u11a8'.repeat(20),
    '👩‍👩‍👧‍👦 a pass phrase',
    'a pass phrase \u{1facf}',
    'pass\u200b\u00ad\u2060phrase',
    '\ue000 of private use, and more',
  ])('what is taken as a password counts to its last character: %j', async (password) => {
    expect(checkPassword(password, 'name', {})).toBe(null)
    const name = await opened(get(), password)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
    for (const end of ['', 'x', '~'])
      expect(await logIn(get(), name, [...password].slice(0, -1).join('') + end)).toEqual({
        errcode: 'M_FORBIDDEN',
      })
  })

  test('half of a character of two parts makes the homeserver fail, so that nobody may get that far', async () => {
    const password = 'a pass phrase \ud800 of some length'
    expect(await get().raw('PUT', at(await waiting(get()), get()), { password })).toMatchObject({
      status: 500,
    })
    expect(checkPassword(password, 'name', {})).toEqual({ code: 'password_characters' })
  })

  test('the rules for passwords are told as the homeserver has them', async () => {
    const { homeserver, raw } = get()
    const said = (await raw('GET', '/_matrix/client/v3/password_policy')).body
    expect((await homeserver.passwordPolicy()).minimumLength).toBe(said['m.minimum_length'])
  })

  test('rules for passwords are told, and not held by the admin API', async ({ skip }) => {
    const strict = (await get().variant('policy')) ?? skip()
    expect(await strict.homeserver.passwordPolicy()).toEqual({
      minimumLength: 14,
      requireDigit: true,
      requireSymbol: true,
      requireLowercase: true,
      requireUppercase: true,
    })
    const name = await opened(strict, 'short')
    expect(await logIn(strict, name, 'short')).toHaveProperty('token')
  })

  test('a homeserver that keeps no passwords is told as that, for good', async ({ skip }) => {
    const without = (await get().variant('no_passwords')) ?? skip()
    const name = aName()
    await without.homeserver.claim(name)
    await without.homeserver.lock(name)
    expect(await without.raw('PUT', at(name, without), { password: aPassword() })).toMatchObject({
      status: 403,
    })
    await failure(without.homeserver.fill(name, aPassword()), 'password_disabled', true)
    await without.homeserver.remove(name)
    await failure(without.homeserver.revive(name), 'password_disabled', true)
  })
}
