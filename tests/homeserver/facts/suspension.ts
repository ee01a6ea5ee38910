import { expect, test } from 'vitest'
import { matrixId, type Username } from '$lib/registration/username'
import { aName, aPassword, at, failure, logIn, opened, revived, waiting, type Target } from '../target'

const CLIENT = '/_matrix/client/v3'

/** What a suspended account can do, and what it cannot: what the README tells moderators (MSC3823). */
export function suspensionFacts(get: () => Target): void {
  const idOf = (name: Username) => matrixId(name, get().domain)

  async function room(body: object = {}): Promise<string> {
    const made = await get().raw('POST', `${CLIENT}/createRoom`, { preset: 'private_chat', ...body })
    return encodeURIComponent(String(made.body['room_id']))
  }

  /** An account that joined a room, was suspended while it was locked, and is open. */
  async function suspended() {
    const { homeserver, raw } = get()
    const password = aPassword()
    const name = await waiting(get(), password)
    const joined = await room()
    await homeserver.joinRoom(name, decodeURIComponent(joined))
    await homeserver.suspend(name, true)
    await homeserver.open(name)
    const { token = '' } = await logIn(get(), name, password)
    const as = (method: string, path: string, body?: object) => raw(method, CLIENT + path, body, token)
    return { name, joined, as }
  }
  const text = { msgtype: 'm.text', body: 'Hello' }
  const refused = { status: 403, body: { errcode: 'M_USER_SUSPENDED' } }

  test('an account is suspended while it is locked, keeps both, and once is as good as twice', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    expect(await homeserver.account(name)).toMatchObject({ locked: true, suspended: false })
    await homeserver.suspend(name, true)
    await homeserver.suspend(name, true)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, suspended: true })
    await homeserver.open(name)
    expect(await homeserver.account(name)).toMatchObject({ locked: false, suspended: true })
    await homeserver.suspend(name, false)
    await homeserver.suspend(name, false)
    expect(await homeserver.account(name)).toMatchObject({ locked: false, suspended: false })
  })

  test('the call for it answers what it did, and 404 for a user who is not there', async () => {
    const { raw } = get()
    const name = await opened(get())
    const path = (user: Username) => `/_synapse/admin/v1/suspend/${encodeURIComponent(idOf(user))}`
    expect(await raw('PUT', path(name), { suspend: true })).toMatchObject({
      status: 200,
      body: { [`user_${idOf(name)}_suspended`]: true },
    })
    expect(await raw('PUT', path(aName()), { suspend: true })).toMatchObject({ status: 404 })
    expect(await raw('PUT', path(name), {})).toMatchObject({
      status: 400,
      body: { errcode: 'M_MISSING_PARAM' },
    })
    expect(await raw('PUT', path(name), { suspend: 'yes' })).toMatchObject({ status: 400 })
  })

  test('suspended is ignored in the PUT that makes or changes an account', async () => {
    const name = aName()
    for (const status of [201, 200])
      expect(await get().raw('PUT', at(name, get()), { suspended: true })).toMatchObject({
        status,
        body: { suspended: false },
      })
  })

  test('its owner signs in, reads, leaves, and can be invited', async () => {
    const { raw } = get()
    const { name, joined, as } = await suspended()
    await raw('PUT', `${CLIENT}/rooms/${joined}/send/m.room.message/${aName()}`, text)
    expect(await as('GET', '/account/whoami')).toMatchObject({ status: 200 })
    expect(await as('GET', '/joined_rooms')).toMatchObject({
      body: { joined_rooms: [decodeURIComponent(joined)] },
    })
    const read = await as('GET', `/rooms/${joined}/messages?dir=b&limit=1`)
    expect(read).toMatchObject({ status: 200, body: { chunk: [{ content: text }] } })
    const invited = await room({ invite: [idOf(name)] })
    expect(await as('POST', `/rooms/${invited}/leave`, {})).toMatchObject({ status: 200 })
    expect(await as('POST', `/rooms/${joined}/leave`, {})).toMatchObject({ status: 200 })
  })

  test('nothing is written, joined, created or changed, until it is lifted', async () => {
    const { name, joined, as } = await suspended()
    const invited = await room({ invite: [idOf(name)] })
    const open = await room({ preset: 'public_chat' })
    const tries: [string, string, object][] = [
      ['PUT', `/rooms/${joined}/send/m.room.message/${aName()}`, text],
      ['POST', '/createRoom', { preset: 'private_chat' }],
      ['POST', '/createRoom', { preset: 'trusted_private_chat', is_direct: true, invite: [get().admin] }],
      ['POST', `/join/${invited}`, {}],
      ['POST', `/join/${open}`, {}],
      ['PUT', `/profile/${encodeURIComponent(idOf(name))}/displayname`, { displayname: 'River' }],
    ]
    for (const [method, path, body] of tries)
      expect(await as(method, path, body), `${method} ${path}`).toMatchObject(refused)
    await get().homeserver.suspend(name, false)
    for (const [method, path, body] of tries)
      expect(await as(method, path, body), `${method} ${path}`).toMatchObject({ status: 200 })
  })

  test('an administrator cannot join it to a room either', async () => {
    const { homeserver } = get()
    const { name, joined } = await suspended()
    const other = decodeURIComponent(await room())
    const error = await failure(homeserver.joinRoom(name, other), 'refused', true)
    expect(error.outage).toBe(false)
    expect(error.message).toContain('suspended')
    expect(await homeserver.joinedRooms(name)).toEqual([decodeURIComponent(joined)])
    expect(await homeserver.joinRoom(name, decodeURIComponent(joined))).toBe('already')
    await homeserver.suspend(name, false)
    expect(await homeserver.joinRoom(name, other)).toBe('joined')
  })

  test('a suspension outlives the removal, and bringing back', async () => {
    const { homeserver } = get()
    const name = await waiting(get())
    await homeserver.suspend(name, true)
    await homeserver.remove(name)
    expect(await homeserver.account(name)).toMatchObject({ deactivated: true, suspended: true })
    await failure(homeserver.suspend(name, false), 'missing', true)
    await revived(get(), name)
    expect(await homeserver.account(name)).toMatchObject({ locked: true, suspended: true })
  })

  test('a missing account is told as one', async () => {
    const name = aName()
    await failure(get().homeserver.suspend(name, true), 'missing', true)
    expect(await get().homeserver.account(name)).toBeNull()
  })

  // The stand-in answers 404 to what this program does not ask.
  test('it reacts to nothing and knocks nowhere, but uploads, marks as read and changes its password', async ({
    skip,
  }) => {
    const { joined, as } = await suspended()
    const known = (await as('GET', '/account/3pid')).status === 200
    if (!known) return skip()
    const sent = await get().raw('PUT', `${CLIENT}/rooms/${joined}/send/m.room.message/${aName()}`, text)
    const event = String(sent.body['event_id'])
    const annotation = { 'm.relates_to': { rel_type: 'm.annotation', event_id: event, key: '+' } }
    expect(await as('PUT', `/rooms/${joined}/send/m.reaction/${aName()}`, annotation)).toMatchObject(refused)
    expect(await as('POST', `/knock/${await room()}`, {})).toMatchObject(refused)
    expect(await as('POST', `/rooms/${joined}/invite`, { user_id: get().admin })).toMatchObject(refused)
    for (const [method, path, body] of [
      ['GET', '/sync?timeout=0', undefined],
      ['POST', `/rooms/${joined}/receipt/m.read/${encodeURIComponent(event)}`, {}],
      ['POST', '/../../media/v3/upload', {}],
      ['POST', '/keys/upload', {}],
    ] as const)
      expect(await as(method, path, body), path).toMatchObject({ status: 200 })
    // Asks for the present password: that it may be changed at all. MAS does that itself.
    expect(await as('POST', '/account/password', { new_password: aPassword() })).toMatchObject({
      status: get().showsLock ? 404 : 401,
    })
  })
}
