import { expect, test } from 'vitest'
import { email, username } from '../../support/registration'
import { aName, aPassword, at, failure, type Target } from '../target'
import { aToken } from './rooms'

export function errorFacts(get: () => Target): void {
  test('we are an administrator of a Synapse whose version is told', async () => {
    const identity = await get().homeserver.identity()
    expect(identity).toEqual({ userId: get().admin, admin: true, version: expect.stringMatching(/^1\.\d+/) })
  })

  test('a user who is not there answers 404 M_NOT_FOUND', async () => {
    const name = aName()
    expect(await get().raw('GET', at(name, get()))).toMatchObject({
      status: 404,
      body: { errcode: 'M_NOT_FOUND' },
    })
    expect(await get().homeserver.account(name)).toBeNull()
    expect(await get().homeserver.joinedRooms(name)).toEqual([])
  })

  test('a slash at the end of the address does no harm', async () => {
    expect(
      await get()
        .client({ url: `${get().url}/` })
        .identity(),
    ).toMatchObject({ admin: true })
  })

  test('the version is told to everybody, so that it proves no right', async () => {
    const { status } = await get().raw('GET', '/_synapse/admin/v1/server_version', undefined, '')
    expect(status).toBe(200)
  })

  test('a name that cannot be one is refused for good, and nothing is made', async () => {
    const digits = username(String(Date.now()))
    expect(await get().homeserver.claim(digits)).toBe('refused')
    expect(await get().homeserver.account(digits)).toBeNull()
  })
}

/** The same, where `synapse.admin_token` is all that lets this program in. */
export function tokenFacts(get: () => Target): void {
  test('whose token is no administrator’s is told so', async () => {
    const client = get().client({ token: await aToken(get()) })
    expect(await client.identity()).toMatchObject({ admin: false })
  })

  test('a bad token is told for good, by the setting, in every call', async () => {
    const client = get().client({ token: 'syt_not_a_token' })
    const name = aName()
    const room = `!${name}:${get().domain}`
    const calls = [
      () => client.identity(),
      () => client.nameAnswer(name),
      () => client.claim(name),
      () => client.lock(name),
      () => client.fill(name, aPassword()),
      () => client.open(name),
      () => client.remove(name),
      () => client.revive(name),
      () => client.account(name),
      () => client.joinedRooms(name),
      () => client.addressOwner(email('river@mail.test')),
      () => client.bindAddress(name, email('river@mail.test')),
      () => client.joinRoom(name, room),
      () => client.sendMessage(room, name, { text: 'Hello' }),
      () => client.directRoom(name, name),
    ]
    for (const call of calls) {
      const error = await failure(call(), 'token', true)
      expect(error.message).toMatch(/M_UNKNOWN_TOKEN.*synapse\.admin_token/)
      expect(error.message).not.toContain('syt_not_a_token')
    }
    expect(await get().raw('GET', at(name, get()), undefined, 'x')).toMatchObject({
      status: 401,
      body: { errcode: 'M_UNKNOWN_TOKEN' },
    })
  })

  test('the token of somebody who is no administrator is told for good, by the setting', async () => {
    const token = await aToken(get())
    const client = get().client({ token })
    const name = aName()
    const calls = [
      () => client.nameAnswer(name),
      () => client.claim(name),
      () => client.fill(name, aPassword()),
      () => client.account(name),
      () => client.joinRoom(name, `!${name}:${get().domain}`),
    ]
    for (const call of calls) {
      const error = await failure(call(), 'token', true)
      expect(error.message).toMatch(/M_FORBIDDEN.*synapse\.admin_token/)
    }
    expect(await get().raw('GET', at(name, get()), undefined, token)).toMatchObject({
      status: 403,
      body: { errcode: 'M_FORBIDDEN' },
    })
  })

  test('a wrong path in the address is no missing account', async () => {
    const astray = get().client({ url: `${get().url}/somewhere` })
    await failure(astray.account(aName()), 'unreachable', false)
    const nested = get().client({ url: `${get().url}/_matrix` })
    await failure(nested.account(aName()), 'refused', true)
  })
}
