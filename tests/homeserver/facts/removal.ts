import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { aName, aPassword, at, failure, logIn, opened, revived, waiting, type Target } from '../target'

export function removalFacts(get: () => Target): void {
  test('a removed account is deactivated and erased, and nobody gets in', async () => {
    const { homeserver, raw } = get()
    const password = aPassword()
    const name = await opened(get(), password)
    await homeserver.remove(name)
    const erased = { deactivated: true, erased: true, displayname: null, threepids: [] }
    await expect
      .poll(async () => (await raw('GET', at(name, get()))).body, { timeout: 10_000 })
      .toMatchObject(erased)
    expect(await logIn(get(), name, password)).toEqual({ errcode: 'M_FORBIDDEN' })
  })

  test('removing what is removed or missing is done', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    await homeserver.remove(name)
    const missing = aName()
    await homeserver.remove(missing)
    expect(await homeserver.account(missing)).toBeNull()
  })

  test('what is removed can be locked, and stays removed', async () => {
    const { homeserver } = get()
    const name = aName()
    await homeserver.claim(name)
    await homeserver.remove(name)
    await homeserver.lock(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: true })
  })

  test('an account that was never opened serves the next applicant', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const name = await waiting(get())
    await homeserver.remove(name)
    await revived(get(), name)
    const account = await homeserver.account(name)
    expect(account).toMatchObject({ locked: true, deactivated: false, displayName: name, addresses: [] })
    await expect.poll(() => homeserver.joinedRooms(name)).toEqual([])
    await homeserver.fill(name, password)
    expect(await logIn(get(), name, password)).toEqual({ errcode: 'M_USER_LOCKED' })
    await homeserver.open(name)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
  })

  test('bringing back twice is bringing back once', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    await revived(get(), name)
    await revived(get(), name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: false })
  })

  test('an account that is open is not touched by bringing it back', async () => {
    const { homeserver } = get()
    const password = aPassword()
    const name = await opened(get(), password)
    await failure(homeserver.revive(name), 'refused', true)
    expect(await logIn(get(), name, password)).toHaveProperty('token')
  })

  test('an account that never was is not brought back', async () => {
    const { homeserver } = get()
    const name = aName()
    await failure(homeserver.revive(name), 'missing', true)
    expect(await homeserver.account(name)).toBeNull()
  })
}

/** The same, where Synapse's own admin API makes and changes accounts. */
export function putRemovalFacts(get: () => Target): void {
  test('the call for it answers 200, and 404 for a user who is not there', async () => {
    const name = await waiting(get())
    const path = (user: typeof name) => `/_synapse/admin/v1/deactivate/${matrixId(user, get().domain)}`
    expect(await get().raw('POST', path(name), { erase: true })).toMatchObject({ status: 200 })
    expect(await get().raw('POST', path(aName()), { erase: true })).toMatchObject({ status: 404 })
  })

  test('an account that comes back is still locked: the lock outlives the deactivation', async () => {
    const { homeserver, raw } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    const back = await raw('PUT', at(name, get()), { deactivated: false, password: aPassword() })
    expect(back).toMatchObject({ status: 200, body: { deactivated: false, locked: true } })
  })

  test('bringing back what somebody unlocked while it was removed locks it', async () => {
    const { homeserver, raw } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    await raw('PUT', at(name, get()), { locked: false })
    await homeserver.revive(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, deactivated: false })
  })

  test('an erased account does not take a display name, and one call with both brings nothing back', async () => {
    const { homeserver, raw } = get()
    const name = await waiting(get())
    await homeserver.remove(name)
    const both = { deactivated: false, displayname: 'River' }
    expect(await raw('PUT', at(name, get()), both)).toMatchObject({ status: 500 })
    expect(await homeserver.account(name)).toMatchObject({ deactivated: true })
  })

  // Synapse 1.160 in its first half minute answers 500 to this, as to every PUT that brings back, and does neither.
  test('one call can bring back and lock, once Synapse is done with its first start', async () => {
    const { homeserver, raw } = get()
    const name = await opened(get())
    await homeserver.remove(name)
    const both = await raw('PUT', at(name, get()), {
      deactivated: false,
      locked: true,
      password: aPassword(),
    })
    expect(both).toMatchObject({ status: 200, body: { deactivated: false, locked: true } })
  })

  test('an account is not locked and deactivated in one call', async () => {
    const { homeserver, raw } = get()
    const name = await opened(get())
    expect(await raw('PUT', at(name, get()), { locked: true, deactivated: true })).toMatchObject({
      status: 400,
    })
    expect(await homeserver.account(name)).toMatchObject({ locked: false, deactivated: false })
  })
}
