import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { aName, failure, opened, type Target } from '../target'
import { aRoom, aToken } from './rooms'

export function messageFacts(get: () => Target): void {
  async function messages(room: string, token?: string): Promise<unknown[]> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=50`
    const { chunk } = (await get().raw('GET', path, undefined, token)).body
    if (!Array.isArray(chunk)) throw new Error('No messages are told')
    return chunk.filter(({ type }) => type === 'm.room.message').map(({ content }) => content)
  }

  test('the same transaction id sends once', async () => {
    const { homeserver } = get()
    const { id } = await aRoom(get())
    const transaction = randomUUID()
    await homeserver.sendMessage(id, transaction, { text: 'One request waits' })
    await homeserver.sendMessage(id, transaction, { text: 'One request waits' })
    await homeserver.sendMessage(id, randomUUID(), { text: 'Two requests wait' })
    expect(await messages(id)).toEqual([
      { msgtype: 'm.text', body: 'Two requests wait', 'm.mentions': {} },
      { msgtype: 'm.text', body: 'One request waits', 'm.mentions': {} },
    ])
  })

  test('a message is answered with its ID, also when it is repeated, and can say something else later', async () => {
    const { homeserver } = get()
    const { id, alias } = await aRoom(get())
    expect(await homeserver.roomId(alias)).toBe(id)
    expect(await homeserver.roomId(id)).toBe(id)
    const [first, second] = [randomUUID(), randomUUID()]
    const event = await homeserver.sendMessage(alias, first, { text: 'It waits' })
    const edit = () => homeserver.editMessage(alias, event, second, { text: 'It is done' })
    expect(await edit()).toBe('edited')
    expect(await homeserver.sendMessage(alias, first, { text: 'It waits' })).toBe(event)
    expect(await edit()).toBe('edited')
    expect(await messages(id)).toEqual([
      {
        msgtype: 'm.text',
        body: '* It is done',
        'm.mentions': {},
        'm.new_content': { msgtype: 'm.text', body: 'It is done', 'm.mentions': {} },
        'm.relates_to': { rel_type: 'm.replace', event_id: event },
      },
      { msgtype: 'm.text', body: 'It waits', 'm.mentions': {} },
    ])
  })

  test('a message that is not in the room cannot say something else', async () => {
    const { homeserver } = get()
    const [here, there] = [await aRoom(get()), await aRoom(get())]
    const event = await homeserver.sendMessage(there.id, randomUUID(), { text: 'It waits' })
    expect(await homeserver.editMessage(here.id, event, randomUUID(), { text: 'It is done' })).toBe('gone')
    expect(await messages(here.id)).toEqual([])
  })

  test('a message in a thread, by a program, that notifies whom it names', async () => {
    const { homeserver } = get()
    const { id } = await aRoom(get())
    const root = await homeserver.sendMessage(id, randomUUID(), { text: 'It waits' })
    const more = { thread: root, notice: true, mentions: [get().admin] }
    await homeserver.sendMessage(id, randomUUID(), { text: 'Done', ...more })
    const relation = { rel_type: 'm.thread', event_id: root, is_falling_back: true }
    expect((await messages(id))[0]).toEqual({
      msgtype: 'm.notice',
      body: 'Done',
      'm.mentions': { user_ids: [get().admin] },
      'm.relates_to': { ...relation, 'm.in_reply_to': { event_id: root } },
    })
  })

  test('a reaction has an ID, also when it is repeated, and stands once until it is removed', async () => {
    const { homeserver } = get()
    const { id, alias } = await aRoom(get())
    const event = await homeserver.sendMessage(id, randomUUID(), { text: 'It waits' })
    const [first, key] = [randomUUID(), '✅']
    const reaction = (await homeserver.react(alias, event, `${first}-${key}`, key)) ?? expect.unreachable()
    expect(await homeserver.react(alias, event, `${first}-${key}`, key)).toBe(reaction)
    expect(await homeserver.react(id, event, randomUUID(), key)).toBeNull()
    expect(await homeserver.react(id, event, randomUUID(), '❌')).not.toBe(reaction)
    const removal = randomUUID()
    expect(await homeserver.redact(alias, reaction, removal)).toBe('redacted')
    expect(await homeserver.redact(id, reaction, removal)).toBe('redacted')
    expect(await homeserver.redact(id, reaction, randomUUID())).toBe('redacted')
    // The answer to a repeat is that of the first time; anew it is another reaction.
    expect(await homeserver.react(id, event, `${first}-${key}`, key)).toBe(reaction)
    const anew = await homeserver.react(id, event, randomUUID(), key)
    expect(anew).toMatch(/^\$/)
    expect(anew).not.toBe(reaction)
  })

  test('a message that is removed says nothing any more', async () => {
    const { homeserver } = get()
    const { id } = await aRoom(get())
    const transaction = randomUUID()
    const event = await homeserver.sendMessage(id, transaction, { text: 'A secret' })
    expect(await homeserver.redact(id, event, randomUUID())).toBe('redacted')
    expect(await messages(id)).toEqual([{}])
    expect(await homeserver.sendMessage(id, transaction, { text: '…' })).toBe(event)
    expect(await messages(id)).toEqual([{}])
  })

  test('what is not in the room is not reacted to or answered in its thread, and removing it changes nothing', async () => {
    const { homeserver } = get()
    const [here, there] = [await aRoom(get()), await aRoom(get())]
    const event = await homeserver.sendMessage(there.id, randomUUID(), { text: 'It waits' })
    expect(await homeserver.react(here.id, event, randomUUID(), '✅')).toBeNull()
    // Synapse takes that for what it has not seen yet.
    expect(await homeserver.redact(here.id, `$${randomUUID()}`, randomUUID())).toBe('redacted')
    const answer = homeserver.sendMessage(here.id, randomUUID(), { text: 'Done', thread: event })
    await failure(answer, 'missing', true)
    expect(await messages(here.id)).toEqual([])
  })

  test('a message has its text, and HTML where it is given, and goes to an alias too', async () => {
    const { homeserver } = get()
    const { id, alias } = await aRoom(get())
    await homeserver.sendMessage(alias, randomUUID(), { text: 'Hello', html: '<b>Hello</b>' })
    await homeserver.sendMessage(alias, 'an id/with?odd#characters', { text: 'Plain' })
    expect(await messages(id)).toEqual([
      { msgtype: 'm.text', body: 'Plain', 'm.mentions': {} },
      {
        msgtype: 'm.text',
        body: 'Hello',
        'm.mentions': {},
        format: 'org.matrix.custom.html',
        formatted_body: '<b>Hello</b>',
      },
    ])
  })

  test.each([
    ['public', () => ({ preset: 'public_chat' })],
    ['to which it is invited', () => ({ preset: 'private_chat', invite: [get().admin] })],
  ])("the operator's account joins a room that is %s on the way", async (_, content) => {
    const token = await aToken(get())
    const { id } = await aRoom(get(), content(), token)
    const path = `/_matrix/client/v3/rooms/${id}/send/m.room.message/${randomUUID()}`
    const refusal = await get().raw('PUT', path, { msgtype: 'm.text', body: 'x', 'm.mentions': {} })
    expect(refusal).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
    await get().homeserver.sendMessage(id, randomUUID(), { text: 'Hello' })
    expect(await messages(id, token)).toEqual([{ msgtype: 'm.text', body: 'Hello', 'm.mentions': {} }])
  })

  test('a room that the operator may not join is refused for good, with what to do', async () => {
    const { id } = await aRoom(get(), { preset: 'private_chat' }, await aToken(get()))
    const error = await failure(
      get().homeserver.sendMessage(id, randomUUID(), { text: 'Hello' }),
      'refused',
      true,
    )
    expect(error.message).toMatch(/invite the account of synapse\.admin_token/)
  })

  test('a room that is not there is missing, by id or alias', async () => {
    const { homeserver, domain } = get()
    const hello = { text: 'Hello' }
    await failure(homeserver.sendMessage(`!${aName()}:${domain}`, randomUUID(), hello), 'missing', true)
    await failure(homeserver.sendMessage(`#${aName()}:${domain}`, randomUUID(), hello), 'missing', true)
  })

  test('the same key opens the same direct chat, and another key another', async () => {
    const { homeserver } = get()
    const name = await opened(get())
    const key = randomUUID()
    const room = await homeserver.directRoom(name, key)
    expect(await homeserver.directRoom(name, key)).toBe(room)
    expect(await homeserver.directRoom(name, randomUUID())).not.toBe(room)
    expect(await homeserver.joinRoom(name, room)).toBe('joined')
    await homeserver.sendMessage(room, key, { text: 'Welcome' })
    expect(await messages(room)).toEqual([{ msgtype: 'm.text', body: 'Welcome', 'm.mentions': {} }])
  })

  test('a direct chat can be opened with an account that is still locked', async () => {
    const name = aName()
    await get().homeserver.claim(name)
    await get().homeserver.lock(name)
    expect(await get().homeserver.directRoom(name, randomUUID())).toMatch(/^!/)
  })

  test('createRoom with an alias that is taken answers M_ROOM_IN_USE', async () => {
    const alias = aName('room-')
    await aRoom(get(), { room_alias_name: alias })
    const invite = [matrixId(await opened(get()), get().domain)]
    const again = await get().raw('POST', '/_matrix/client/v3/createRoom', { room_alias_name: alias, invite })
    expect(again).toMatchObject({ status: 400, body: { errcode: 'M_ROOM_IN_USE' } })
  })

  test('about ten messages pass by default, then it is to wait', async ({ skip }) => {
    const limited = (await get().variant('limits')) ?? skip()
    const { id } = await aRoom(limited)
    const send = () => limited.homeserver.sendMessage(id, randomUUID(), { text: 'Hello' })
    let passed = 0
    const until429 = async () => {
      for (; passed <= 10; passed++) await send()
    }
    const error = await failure(until429(), 'limited', false)
    // What a room's making and joining takes from the ten is Synapse's own affair.
    expect(passed).toBeGreaterThanOrEqual(5)
    expect(passed).toBeLessThanOrEqual(10)
    expect(error.retryAfter).toBeGreaterThan(0)
    expect(error.retryAfter).toBeLessThanOrEqual(60_000)
    const path = `/_matrix/client/v3/rooms/${id}/send/m.room.message/${randomUUID()}`
    const raw = await limited.raw('PUT', path, { msgtype: 'm.text', body: 'Hello', 'm.mentions': {} })
    const body = { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: expect.any(Number) }
    expect(raw).toMatchObject({ status: 429, body })
    expect(Number(raw.headers.get('retry-after'))).toBeGreaterThan(0)
  })
}
