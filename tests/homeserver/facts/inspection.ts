import { expect, test } from 'vitest'
import { failure, type Target } from '../target'
import { aRoom, aToken } from './rooms'

const ENCRYPTED = {
  initial_state: [
    { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
  ],
}

export function inspectionFacts(get: () => Target): void {
  const see = (room: string) => get().inspection().room(room, get().admin)
  const join = (room: string) => get().raw('POST', `/_matrix/client/v3/join/${room}`, {})

  test('the homeserver’s clock is in its answers', async () => {
    const time = await get().inspection().time()
    expect(Math.abs((time ?? 0) - Date.now())).toBeLessThan(5_000)
  })

  test('whether people sign in with a password is told to everybody', async () => {
    expect(await get().inspection().signsInByPassword()).toBe(true)
    const without = await get().variant('no_passwords')
    if (without !== null) expect(await without.inspection().signsInByPassword()).toBe(false)
  })

  test('who can register at the homeserver itself is told without an account being made', async () => {
    expect(await get().inspection().ownRegistration()).toBe('closed')
    for (const name of ['open', 'token'] as const) {
      const other = await get().variant(`${name}_registration`)
      if (other !== null) expect(await other.inspection().ownRegistration()).toBe(name)
    }
  })

  test('by which other services people get in is told to everybody', async () => {
    expect(await get().inspection().upstreamProviders()).toEqual([])
    const other = await get().variant('single_sign_on')
    if (other === null) return
    expect(await other.inspection().upstreamProviders()).toEqual([
      { name: 'GitHub', registers: true },
      { name: 'GitLab', registers: true },
    ])
    expect(await other.inspection().signsInByPassword()).toBe(true)
  })

  test('a room is seen by ID and by alias', async () => {
    const { id, alias } = await aRoom(get())
    const own = {
      joined: true,
      mayJoin: false,
      mayInvite: true,
      mayWrite: true,
      encrypted: false,
      public: false,
    }
    expect(await see(id)).toEqual(own)
    expect(await see(alias)).toEqual(own)
  })

  test('an encrypted room is one', async () => {
    const { id } = await aRoom(get(), ENCRYPTED)
    expect(await see(id)).toMatchObject({ encrypted: true })
  })

  test('a room that is not there is missing, by ID and by alias', async () => {
    const { domain } = get()
    await failure(see(`!nowhere:${domain}`), 'missing', true)
    await failure(see(`#nowhere:${domain}`), 'missing', true)
  })

  test('a private room of somebody else is not ours until we are invited', async () => {
    const token = await aToken(get())
    const { id } = await aRoom(get(), { preset: 'private_chat' }, token)
    expect(await see(id)).toMatchObject({ joined: false, mayJoin: false, mayInvite: false, mayWrite: false })
    const { id: invited } = await aRoom(get(), { preset: 'private_chat', invite: [get().admin] }, token)
    expect(await see(invited)).toMatchObject({ joined: false, mayJoin: true, public: false })
  })

  test('a public room can be entered by anybody', async () => {
    const { id } = await aRoom(get(), { preset: 'public_chat' }, await aToken(get()))
    expect(await see(id)).toMatchObject({ joined: false, mayJoin: true, public: true })
  })

  test.each([
    ['invite', { invite: 50 }, { mayInvite: false, mayWrite: true }],
    ['write', { events_default: 50 }, { mayInvite: true, mayWrite: false }],
    ['write messages', { events: { 'm.room.message': 50 } }, { mayInvite: true, mayWrite: false }],
    ['do nothing', { users_default: 0 }, { mayInvite: true, mayWrite: true }],
  ])('power levels tell whether we may %s', async (_, power, may) => {
    const content = {
      preset: 'private_chat',
      invite: [get().admin],
      power_level_content_override: power,
    }
    const { id } = await aRoom(get(), content, await aToken(get()))
    await join(id)
    expect(await see(id)).toMatchObject({ joined: true, ...may })
  })

  test.each([
    ['may write', {}, true],
    ['may not write', { events_default: 50 }, false],
  ])('a room that only others are in tells that one of them %s', async (_, power, mayWrite) => {
    const token = await aToken(get())
    const { body } = await get().raw('GET', '/_matrix/client/v3/account/whoami', undefined, token)
    const member = String(body['user_id'])
    const content = { preset: 'private_chat', invite: [member], power_level_content_override: power }
    const { id } = await aRoom(get(), content, await aToken(get()))
    await get().raw('POST', `/_matrix/client/v3/join/${id}`, {}, token)
    expect(await get().inspection().room(id, member)).toMatchObject({ joined: true, mayWrite })
    expect(await see(id)).toMatchObject({ joined: false })
  })

  test('whoever made a room of version 12 may do everything in it', async () => {
    const { id } = await aRoom(get(), {
      room_version: '12',
      power_level_content_override: { invite: 100, events_default: 100 },
    })
    expect(await see(id)).toMatchObject({ mayInvite: true, mayWrite: true })
  })

  test('a token that is none is told as one', async () => {
    const { id } = await aRoom(get())
    await failure(get().inspection('syt_none').room(id, get().admin), 'token', true)
  })
}
