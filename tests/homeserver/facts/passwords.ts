import { expect, test } from 'vitest'
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
