import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { HOUR } from '$lib/registration/time'
import { matrixId, type Username } from '$lib/registration/username'
import { aBotStore } from '../../support/bot-store'
import { aName, at, failure, logIn, opened, type Target } from '../target'
import { aRoom, aToken } from './rooms'

const CLIENT_API = '/_matrix/client/v3'

/** What is in a room, the newest first. */
async function eventsIn({ raw }: Target, room: string, token?: string) {
  const path = `${CLIENT_API}/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=50`
  const { chunk } = (await raw('GET', path, undefined, token)).body
  if (!Array.isArray(chunk)) throw new Error('Nothing is told')
  return chunk.map(({ type, sender, content }): { type: unknown; sender: unknown; content: unknown } => ({
    type,
    sender,
    content,
  }))
}

/** Makes an account that speaks, and removes it in the end. */
function accounts(get: () => Target) {
  const made: Username[] = []
  afterAll(async () => {
    for (const name of made) await get().homeserver.remove(name)
  })
  return () => {
    const account = aName('bot-')
    const store = aBotStore()
    made.push(account)
    const userId = matrixId(account, get().domain)
    return { account, userId, store, ...get().speakingAs({ account, store }) }
  }
}

const hello = { text: 'Hello' }

export function botFacts(get: () => Target): void {
  const aBot = accounts(get)

  test('it is made when it first speaks, and comes into a private room by the operator', async () => {
    const { account, userId, store, homeserver, bot } = aBot()
    const { id, alias } = await aRoom(get())
    expect(await get().homeserver.account(account)).toBeNull()
    const transaction = randomUUID()
    const event = await homeserver.sendMessage(alias, transaction, hello)
    expect(await homeserver.sendMessage(id, transaction, hello)).toBe(event)
    const said = (await eventsIn(get(), id)).filter(({ type }) => type === 'm.room.message')
    expect(said).toEqual([
      { type: 'm.room.message', sender: userId, content: expect.objectContaining({ body: 'Hello' }) },
    ])
    expect(await bot?.whoAmI()).toBe(userId)
    expect(await bot?.userId()).toBe(userId)
    expect(store.records.get(account)).toMatchObject({ state: 'made' })
  })

  test('it has no rights, and nobody can sign in to it', async () => {
    const { account, homeserver, bot } = aBot()
    await homeserver.sendMessage((await aRoom(get())).id, randomUUID(), hello)
    expect(await get().homeserver.account(account)).toMatchObject({
      administrator: false,
      locked: false,
      contacts: 0,
    })
    for (const password of ['', account])
      expect(await logIn(get(), account, password)).toEqual({ errcode: 'M_FORBIDDEN' })
    const token = await bot?.access.current()
    const users = await get().raw('GET', '/_synapse/admin/v2/users?guests=false', undefined, token)
    expect(users).toMatchObject({ status: 403 })
  })

  test('what it says can be changed, also after a restart, and the operator says nothing', async () => {
    const { account, store, userId, homeserver } = aBot()
    const { id } = await aRoom(get())
    const event = await homeserver.sendMessage(id, randomUUID(), hello)
    const again = get().speakingAs({ account, store }).homeserver
    expect(await again.editMessage(id, event, randomUUID(), { text: 'Bye', notice: true })).toBe('edited')
    const senders = (await eventsIn(get(), id)).filter(({ type }) => type === 'm.room.message')
    expect(senders.map(({ sender }) => sender)).toEqual([userId, userId])
    expect(senders[0]?.content).toMatchObject({
      msgtype: 'm.notice',
      body: '* Bye',
      'm.new_content': { msgtype: 'm.notice', body: 'Bye' },
    })
  })

  test('a direct chat is its own', async () => {
    const { account, userId, homeserver } = aBot()
    const room = await homeserver.directRoom(await opened(get()), randomUUID())
    await homeserver.sendMessage(room, randomUUID(), hello)
    expect(await get().homeserver.joinedRooms(account)).toEqual([room])
    expect(userId).toContain(account)
  })

  test('a message can belong to a thread, notify one person, and be no more than a notice', async () => {
    const { homeserver, userId } = aBot()
    const { id } = await aRoom(get())
    const thread = await homeserver.sendMessage(id, randomUUID(), hello)
    await homeserver.sendMessage(id, randomUUID(), { text: 'Why', thread, notice: true, mentions: [userId] })
    const [last] = await eventsIn(get(), id)
    expect(last?.content).toEqual({
      msgtype: 'm.notice',
      body: 'Why',
      'm.mentions': { user_ids: [userId] },
      'm.relates_to': {
        rel_type: 'm.thread',
        event_id: thread,
        is_falling_back: true,
        'm.in_reply_to': { event_id: thread },
      },
    })
  })

  test('a reaction is there once, whoever repeats it, and not where its event is unknown', async () => {
    const { homeserver, userId } = aBot()
    const { id } = await aRoom(get())
    const event = await homeserver.sendMessage(id, randomUUID(), hello)
    const transaction = randomUUID()
    const reaction = await homeserver.react(id, event, transaction, '✅')
    expect(reaction).toMatch(/^\$/)
    expect(await homeserver.react(id, event, transaction, '✅')).toBe(reaction)
    expect(await homeserver.react(id, event, randomUUID(), '✅')).toBeNull()
    expect(await homeserver.react(id, event, randomUUID(), '❌')).toMatch(/^\$/)
    expect(await homeserver.react(id, '$nothing', randomUUID(), '✅')).toBeNull()
    const reactions = (await eventsIn(get(), id)).filter(({ type }) => type === 'm.reaction')
    expect(reactions).toHaveLength(2)
    expect(reactions[1]).toMatchObject({
      sender: userId,
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: event, key: '✅' } },
    })
  })

  test('an event can be taken out of the room, again and again', async () => {
    const { homeserver } = aBot()
    const { id } = await aRoom(get())
    const event = await homeserver.sendMessage(id, randomUUID(), hello)
    const transaction = randomUUID()
    expect(await homeserver.redact(id, event, transaction)).toBe('redacted')
    expect(await homeserver.redact(id, event, transaction)).toBe('redacted')
    expect(await homeserver.redact(id, event, randomUUID())).toBe('redacted')
    const unknown = `$${'A'.repeat(43)}`
    expect(await homeserver.redact(id, unknown, randomUUID())).toBe('gone')
    const said = (await eventsIn(get(), id)).filter(({ type }) => type === 'm.room.message')
    expect(said.map(({ content }) => content)).toEqual([{}])
  })

  test('an account that was there before is refused with what to do, and is not touched', async () => {
    const { account, store, homeserver } = aBot()
    const { id } = await aRoom(get())
    await get().homeserver.claim(account)
    const before = await get().homeserver.account(account)
    const error = await failure(homeserver.sendMessage(id, randomUUID(), hello), 'refused', true)
    expect(error.message).toMatch(/was not made by this program.*Set matrix_notifications\.bot to/)
    expect(error.outage).toBe(false)
    await failure(homeserver.sendMessage(id, randomUUID(), hello), 'refused', true)
    expect(await get().homeserver.account(account)).toEqual(before)
    expect(store.records.size).toBe(0)
    expect(await get().homeserver.joinedRooms(account)).toEqual([])
  })

  test('what an interrupted attempt made is taken up again, and what somebody uses since then is not', async () => {
    const { id } = await aRoom(get())
    const claiming = () => ({ state: 'claiming', claimedAt: Date.now(), token: null, tokenAt: null }) as const
    const ours = aBot()
    ours.store.records.set(ours.account, claiming())
    await get().homeserver.claim(ours.account)
    await ours.homeserver.sendMessage(id, randomUUID(), hello)
    expect(ours.store.records.get(ours.account)).toMatchObject({ state: 'made' })
    const used = aBot()
    used.store.records.set(used.account, claiming())
    await get().homeserver.claim(used.account)
    await get().raw('PUT', at(used.account, get()), { displayname: 'Somebody Else' })
    await failure(used.homeserver.sendMessage(id, randomUUID(), hello), 'refused', true)
    expect(await get().homeserver.joinedRooms(used.account)).toEqual([])
  })

  test('it comes into no room that the operator is not in, but follows an invitation', async () => {
    const { homeserver, userId, bot } = aBot()
    const owner = await aToken(get())
    const { id } = await aRoom(get(), { preset: 'private_chat' }, owner)
    const error = await failure(homeserver.sendMessage(id, randomUUID(), hello), 'refused', true)
    expect(error.message).toContain(
      `invite the account ${userId} (matrix_notifications.bot), or the account of`,
    )
    await get().raw('POST', `${CLIENT_API}/rooms/${id}/invite`, { user_id: userId }, owner)
    await homeserver.sendMessage(id, randomUUID(), hello)
    const token = await bot?.access.current()
    expect((await eventsIn(get(), id, token))[0]).toMatchObject({ sender: userId })
  })

  test('it is never told to wait, as the limits of others are lifted for it', async ({ skip }) => {
    const limited = (await get().variant('limits')) ?? skip()
    const account = aName('bot-')
    const { homeserver } = limited.speakingAs({ account, store: aBotStore() })
    const { id } = await aRoom(limited)
    for (let count = 0; count < 12; count++) await homeserver.sendMessage(id, randomUUID(), hello)
    await limited.homeserver.remove(account)
  })

  test("an operator's own account speaks by its token, in rooms that it is invited to", async () => {
    const token = await aToken(get())
    const { homeserver, bot } = get().speakingAs({ token })
    const userId = (await bot?.userId()) ?? ''
    const { id } = await aRoom(get())
    const error = await failure(homeserver.sendMessage(id, randomUUID(), hello), 'refused', true)
    expect(error.message).toMatch(/invite the account of matrix_notifications\.bot_token/)
    await get().raw('POST', `${CLIENT_API}/rooms/${id}/invite`, { user_id: userId })
    await homeserver.sendMessage(id, randomUUID(), hello)
    expect((await eventsIn(get(), id))[0]).toMatchObject({ sender: userId })
  })

  test('its token that is refused stops nothing else', async () => {
    const { homeserver } = get().speakingAs({ token: 'syt_of_nobody' })
    const { id } = await aRoom(get())
    const error = await failure(homeserver.sendMessage(id, randomUUID(), hello), 'token', true)
    expect(error).toMatchObject({ outage: false })
    expect(error.message).toMatch(/Set matrix_notifications\.bot_token/)
    expect(error.message).not.toContain('syt_of_nobody')
  })
}

/** Where Synapse itself manages the accounts. */
export function botTokenFacts(get: () => Target): void {
  const aBot = accounts(get)
  /** One in a room, at a time of its own. */
  async function aSpeaker() {
    const { account, store } = aBot()
    let now = Date.now()
    const { homeserver, bot } = get().speakingAs({ account, store }, () => now)
    const { id } = await aRoom(get())
    return {
      account,
      store,
      bot,
      send: () => homeserver.sendMessage(id, randomUUID(), hello),
      pass: (ms: number) => void (now += ms),
    }
  }

  test('it has no device, so that nobody finds it signed in, and works in every process', async () => {
    const { account, store, homeserver, bot } = aBot()
    await homeserver.sendMessage((await aRoom(get())).id, randomUUID(), hello)
    expect(await get().homeserver.account(account)).toMatchObject({ devices: 0 })
    const token = await bot?.access.current()
    expect(store.records.get(account)).toMatchObject({ token })
    const another = get().speakingAs({ account, store })
    expect(await another.bot?.access.current()).toBe(token)
  })

  test('one that was revoked is replaced, at most once an hour', async () => {
    const { bot, send, pass } = await aSpeaker()
    const revoke = async () => {
      const token = await bot?.access.current()
      await get().raw('POST', `${CLIENT_API}/logout`, {}, token)
      return token
    }
    await send()
    const first = await revoke()
    const error = await failure(send(), 'token', true)
    expect(error).toMatchObject({ outage: false })
    expect(error.message).toMatch(/Check that the account .* is neither locked nor deactivated/)
    pass(HOUR)
    await send()
    expect(await revoke()).not.toBe(first)
    await failure(send(), 'token', true)
    pass(HOUR)
    await send()
  })

  test('a clock that was set back keeps nobody from replacing it', async () => {
    const { bot, send, pass } = await aSpeaker()
    await send()
    await get().raw('POST', `${CLIENT_API}/logout`, {}, await bot?.access.current())
    await failure(send(), 'token', true)
    pass(-24 * HOUR)
    await send()
  })

  test('one of an account that was locked is refused, and none is made until it is unlocked', async () => {
    const { account, store, bot, send, pass } = await aSpeaker()
    await send()
    const token = await bot?.access.current()
    await get().homeserver.lock(account)
    const said = await get().raw('GET', `${CLIENT_API}/account/whoami`, undefined, token)
    expect(said).toMatchObject({ status: 401, body: { errcode: 'M_USER_LOCKED' } })
    expect((await failure(send(), 'token', true)).outage).toBe(false)
    pass(HOUR)
    expect((await failure(send(), 'refused', true)).message).toMatch(/is locked\. Make it active again/)
    expect(store.records.get(account)).toMatchObject({ token })
    await get().homeserver.open(account)
    await send()
  })
}
