import { expect, test } from 'vitest'
import { signsOfOthers } from '$lib/registration/signs'
import type { Username } from '$lib/registration/username'
import { aName, aPassword, at, logIn, waiting, type Target } from '../target'

/** What an account shows of whoever has it: a part of it is all that keeps this program's hands off. */
export function signFacts(get: () => Target): void {
  const look = async (name: Username) => {
    const account = await get().homeserver.account(name)
    if (account === null) throw new Error(`There is no ${name}`)
    return account
  }
  const signs = async (name: Username, state: 'claimed' | 'filled' = 'claimed') =>
    signsOfOthers(name, { state }, await look(name))
  const claim = async () => {
    const name = aName()
    await get().homeserver.claim(name)
    return name
  }
  const admin = async (name: Username, body: object) =>
    expect(await get().raw('PUT', at(name, get()), body)).toMatchObject({ status: 200 })

  test('an account that was just made shows none, nor does one that waits, however often its owner tries', async () => {
    const password = aPassword()
    expect(await signs(await claim())).toEqual([])
    const name = await waiting(get(), password)
    expect(await logIn(get(), name, password)).toEqual({ errcode: 'M_USER_LOCKED' })
    expect(await logIn(get(), name, aPassword())).toEqual({ errcode: 'M_FORBIDDEN' })
    expect(await signs(name, 'filled')).toEqual([])
  })

  test('a password alone does not show', async () => {
    const name = await claim()
    await admin(name, { password: aPassword() })
    expect(await signs(name)).toEqual([])
  })

  test('who signs in shows at once, and who used it does after they signed out, and after it was removed', async () => {
    const password = aPassword()
    const name = await claim()
    await admin(name, { password })
    const { token = '' } = await logIn(get(), name, password)
    expect(await signs(name)).toEqual(['devices'])
    await get().raw('GET', '/_matrix/client/v3/account/whoami', undefined, token)
    expect(await signs(name)).toEqual(['devices', 'used'])
    const { lastSeenAt } = await look(name)
    expect(Math.abs((lastSeenAt ?? 0) - Date.now())).toBeLessThan(60_000)
    await get().raw('POST', '/_matrix/client/v3/logout', {}, token)
    expect(await signs(name)).toEqual(['used'])
    await get().homeserver.remove(name)
    expect(await signs(name)).toContain('used')
  })

  test.each([
    ['external_ids', { external_ids: [{ auth_provider: 'oidc-test', external_id: 'EXTERNAL' }] }],
    ['contacts', { threepids: [{ medium: 'email', address: 'ADDRESS@else.test' }] }],
    ['contacts', { threepids: [{ medium: 'msisdn', address: '4930123456' }] }],
    ['display_name', { displayname: 'Somebody Else' }],
    ['avatar', { avatar_url: 'mxc://else.test/picture' }],
    ['administrator', { admin: true }],
    ['special', { user_type: 'bot' }],
    ['special', { user_type: 'support' }],
    ['deactivated', { deactivated: true }],
  ])('%s shows: %j', async (sign, body) => {
    const name = await claim()
    const own: unknown = JSON.parse(JSON.stringify(body).replace(/EXTERNAL|ADDRESS/, name))
    await admin(name, { ...(own as object) })
    expect(await signs(name)).toEqual([sign])
  })

  test('the type that a homeserver gives to everybody does not show', async ({ skip }) => {
    const typed = (await get().variant('default_type')) ?? skip()
    const name = await waiting(typed)
    expect((await typed.raw('GET', at(name, typed))).body).toHaveProperty('user_type', 'member')
    expect(await typed.homeserver.account(name)).toMatchObject({ special: false })
  })

  test('a lock that was taken off shows', async () => {
    const name = await waiting(get())
    await admin(name, { locked: false })
    expect(await signs(name, 'filled')).toEqual(['unlocked'])
  })

  test('an account can be locked while it is deactivated, and stays so when it comes back', async () => {
    const { homeserver, raw } = get()
    const name = await claim()
    await homeserver.remove(name)
    await admin(name, { locked: true })
    const back = await raw('PUT', at(name, get()), { deactivated: false, password: aPassword() })
    expect(back).toMatchObject({ status: 200, body: { deactivated: false, locked: true } })
  })
}
