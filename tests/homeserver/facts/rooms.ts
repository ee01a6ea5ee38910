import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { aName, aPassword, failure, logIn, opened, waiting, type Target } from '../target'

/** Makes a room as the administrator, or as whose token it is. */
export async function aRoom({ raw, domain }: Target, content: object = {}, token?: string) {
  const alias = aName('room-')
  const create = () =>
    raw('POST', '/_matrix/client/v3/createRoom', { room_alias_name: alias, ...content }, token)
  const first = await create()
  let { body } = first
  // Synapse 1.160 lets an account make some ten rooms, and then one in a minute.
  if (first.status === 429) {
    const { body: whoami } = await raw('GET', '/_matrix/client/v3/account/whoami', undefined, token)
    const path = `/_synapse/admin/v1/users/${String(whoami['user_id'])}/override_ratelimit`
    await raw('POST', path, { messages_per_second: 0, burst_count: 0 })
    body = (await create()).body
  }
  return { id: String(body['room_id']), alias: `#${alias}:${domain}` }
}

/** The access token of a new account that is no administrator's. */
export async function aToken(target: Target): Promise<string> {
  const password = aPassword()
  return (await logIn(target, await opened(target, password), password)).token ?? ''
}

export function roomFacts(get: () => Target): void {
  test.each([
    ['that is locked', waiting],
    ['that is open', opened],
  ])('an account %s joins a private room that the operator is in, by id or alias', async (_, make) => {
    const { homeserver } = get()
    const [first, second] = [await aRoom(get()), await aRoom(get())]
    const name = await make(get())
    expect(await homeserver.joinRoom(name, first.id)).toBe('joined')
    expect(await homeserver.joinRoom(name, second.alias)).toBe('joined')
    expect(await homeserver.joinedRooms(name)).toEqual(expect.arrayContaining([first.id, second.id]))
  })

  test('to join again answers 403, which is told from a refusal', async () => {
    const { homeserver, raw } = get()
    const { id, alias } = await aRoom(get())
    const name = await opened(get())
    await homeserver.joinRoom(name, id)
    const again = await raw('POST', `/_synapse/admin/v1/join/${id}`, {
      user_id: matrixId(name, get().domain),
    })
    expect(again).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
    expect(await homeserver.joinRoom(name, id)).toBe('already')
    expect(await homeserver.joinRoom(name, alias)).toBe('already')
  })

  test('a private room that the operator is not in is refused for good, with what to do', async () => {
    const { homeserver, raw } = get()
    const { id } = await aRoom(get(), { preset: 'private_chat' }, await aToken(get()))
    const name = await opened(get())
    const said = await raw('POST', `/_synapse/admin/v1/join/${id}`, { user_id: matrixId(name, get().domain) })
    expect(said).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
    const error = await failure(homeserver.joinRoom(name, id), 'refused', true)
    expect(error.message).toMatch(/synapse\.admin_token must be in the room/)
  })

  test('a public room is joined without the operator', async () => {
    const { id } = await aRoom(get(), { preset: 'public_chat' }, await aToken(get()))
    expect(await get().homeserver.joinRoom(await opened(get()), id)).toBe('joined')
  })

  test('a room that is not there is missing, by id or alias', async () => {
    const { homeserver, domain } = get()
    const name = await opened(get())
    await failure(homeserver.joinRoom(name, `!${aName()}:${domain}`), 'missing', true)
    await failure(homeserver.joinRoom(name, `#${aName()}:${domain}`), 'missing', true)
  })

  test('an account that is not there joins nothing', async () => {
    const { id } = await aRoom(get())
    await failure(get().homeserver.joinRoom(aName(), id), 'missing', true)
  })

  test('a removed account leaves its rooms', async () => {
    const { homeserver } = get()
    const { id } = await aRoom(get())
    const name = await opened(get())
    await homeserver.joinRoom(name, id)
    await homeserver.remove(name)
    await expect.poll(() => homeserver.joinedRooms(name), { timeout: 10_000 }).toEqual([])
  })
}
