import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RoomEvent } from '$lib/moderation/room-event'
import { matrixId } from '$lib/registration/username'
import { givenToken } from '$lib/server/homeserver/access-token'
import { createRoomReader, StreamLost, type RoomReader } from '$lib/server/homeserver/room-reader'
import { errorOf } from '../../support/homeserver-error'
import { aPassword, failure, logIn, opened, type Raw, type Target } from '../target'
import { aRoom } from './rooms'

interface Member {
  id: string
  token: string
}

/** Every event says when its homeserver took it, in milliseconds since 1970. */
const SENT_AT: unknown = expect.any(Number)

const CLIENT = '/_matrix/client/v3'
const annotation = (target: string, key: string) => ({
  'm.relates_to': { rel_type: 'm.annotation', event_id: target, key },
})
const words = (body: string, relation?: object) => ({
  msgtype: 'm.text',
  body,
  'm.mentions': {},
  ...(relation === undefined ? {} : { 'm.relates_to': relation }),
})

async function aMemberOf(target: Target): Promise<Member> {
  const password = aPassword()
  const name = await opened(target, password)
  const id = matrixId(name, target.domain)
  // Where the homeserver has its own limits, ten events would be all.
  const limits = `/_synapse/admin/v1/users/${id}/override_ratelimit`
  await target.raw('POST', limits, { messages_per_second: 0, burst_count: 0 })
  return { id, token: (await logIn(target, name, password)).token ?? '' }
}

/** What the stream of a room tells to one of its members: what deciding there relies on. */
export function roomStreamFacts(get: () => Target): void {
  async function aMember(room: string): Promise<Member> {
    const member = await aMemberOf(get())
    const path = `/_synapse/admin/v1/join/${room}`
    expect((await get().raw('POST', path, { user_id: member.id })).status).toBe(200)
    return member
  }

  const readerOf = (member: Member, { url, domain } = get()): RoomReader =>
    createRoomReader({
      url,
      verifyCert: true,
      token: givenToken(member.token),
      userId: () => Promise.resolve(member.id),
      domain,
    })

  /** A room with the account that reads, its message, and two people. */
  async function scene(content: object = {}) {
    const { raw } = get()
    const { id: room } = await aRoom(get(), content)
    const [bot, anna, ben] = [await aMember(room), await aMember(room), await aMember(room)]
    const at = `${CLIENT}/rooms/${encodeURIComponent(room)}`
    const put = (by: Member, type: string, sent: object): Promise<Raw> =>
      raw('PUT', `${at}/send/${type}/${randomUUID()}`, sent, by.token)
    const eventOf = ({ status, body }: Raw): string => {
      expect(status, JSON.stringify(body)).toBe(200)
      return String(body['event_id'])
    }
    const say = async (by: Member, sent: object) => eventOf(await put(by, 'm.room.message', sent))
    const notice = await say(bot, words('One asks'))
    const reader = readerOf(bot)
    return {
      room,
      bot,
      anna,
      ben,
      notice,
      reader,
      put,
      say,
      react: async (by: Member, key: string, target = notice) =>
        eventOf(await put(by, 'm.reaction', annotation(target, key))),
      redact: async (by: Pick<Member, 'token'>, event: string) =>
        eventOf(await raw('PUT', `${at}/redact/${encodeURIComponent(event)}/${randomUUID()}`, {}, by.token)),
      tell: async (type: string, state: object) => eventOf(await raw('PUT', `${at}/state/${type}/`, state)),
      kick: (user: string) => raw('POST', `${at}/kick`, { user_id: user }),
      start: await reader.end(room),
      now: async (from: string) => (await reader.since(room, from, { wait: 0 })).events,
    }
  }

  const reaction = (eventId: string, { id }: Member, target: string, key: string) => ({
    type: 'reaction',
    eventId,
    sender: id,
    target,
    key,
    sentAt: SENT_AT,
  })

  test('from its end nothing is told, until something happens; then it comes while one waits', async () => {
    const { reader, room, start, anna, notice, react } = await scene()
    expect(await reader.since(room, start, { wait: 0 })).toMatchObject({ events: [], gap: null, left: false })
    const waiting = reader.since(room, start)
    const event = await react(anna, '✅')
    const { events, next, gap, left } = await waiting
    expect(events).toEqual([reaction(event, anna, notice, '✅')])
    expect([gap, left]).toEqual([null, false])
    expect(await reader.since(room, next, { wait: 0 })).toMatchObject({ events: [] })
  })

  test('a wait goes on beyond the life of an idle connection, and ends without anything', async () => {
    const { reader, room, start } = await scene()
    const from = performance.now()
    expect(await reader.since(room, start, { wait: 5_500 })).toMatchObject({ events: [], left: false })
    expect(performance.now() - from).toBeGreaterThan(5_000)
  }, 30_000)

  test('whoever waits can end it, and loses nothing', async () => {
    const { reader, room, start, anna, notice, react } = await scene()
    const ended = new AbortController()
    const waiting = reader.since(room, start, { signal: ended.signal })
    setTimeout(() => ended.abort(), 100)
    expect(await waiting).toEqual({ events: [], next: start, gap: null, left: false })
    const already = await reader.since(room, start, { signal: ended.signal })
    expect(already).toEqual({ events: [], next: start, gap: null, left: false })
    const event = await react(anna, '✅')
    expect(await reader.since(room, start)).toMatchObject({ events: [reaction(event, anna, notice, '✅')] })
  })

  test('what two people do comes in one order, which is the same for everybody', async () => {
    const { room, start, anna, ben, notice, react, now } = await scene()
    const other = readerOf(await aMember(room))
    const expected: object[] = []
    for (const [by, key] of [
      [anna, '✅'],
      [ben, '❌'],
      [anna, '❌'],
      [ben, '✅'],
    ] as const)
      expected.push(reaction(await react(by, key), by, notice, key))
    expect(await now(start)).toEqual(expected)
    const [one, two] = [react(anna, '👀'), react(ben, '👀')]
    await Promise.all([one, two])
    const told = await now(start)
    expect(told).toHaveLength(6)
    expect((await other.since(room, start, { wait: 0 })).events).toEqual(told)
  })

  test('what the account itself does is left out, and it goes on from there', async () => {
    const { reader, room, start, bot, anna, notice, react, say, redact } = await scene()
    const seed = await react(bot, '✅')
    await say(bot, words('Words', { rel_type: 'm.thread', event_id: notice }))
    await redact(bot, seed)
    const { events, next } = await reader.since(room, start, { wait: 0 })
    expect(events).toEqual([])
    const event = await react(anna, '✅')
    expect((await reader.since(room, next, { wait: 0 })).events).toEqual([
      reaction(event, anna, notice, '✅'),
    ])
  })

  test('what happens in other rooms of the account is not told', async () => {
    const { reader, room, start, bot, anna, react } = await scene()
    const elsewhere = await aRoom(get())
    for (const { id } of [bot, anna]) {
      const to = `/_synapse/admin/v1/join/${elsewhere.id}`
      expect((await get().raw('POST', to, { user_id: id })).status).toBe(200)
    }
    const path = `${CLIENT}/rooms/${elsewhere.id}/send/m.room.message/${randomUUID()}`
    await get().raw('PUT', path, words('Elsewhere'), anna.token)
    expect(await reader.since(room, start, { wait: 500 })).toMatchObject({ events: [], left: false })
    await react(anna, '✅')
    expect((await reader.since(room, start, { wait: 0 })).events).toHaveLength(1)
  })

  test('the same sign twice by the same person is refused; by another, and another sign, it is not', async () => {
    const { anna, ben, notice, put } = await scene()
    const again = async (by: Member, key: string) => {
      const { status, body } = await put(by, 'm.reaction', annotation(notice, key))
      return status === 200 ? status : body['errcode']
    }
    expect([
      await again(anna, '✅'),
      await again(anna, '✅'),
      await again(ben, '✅'),
      await again(anna, '❌'),
    ]).toEqual([200, 'M_DUPLICATE_ANNOTATION', 200, 200])
  })

  test('variants of a sign are other signs to the homeserver, and the same here', async () => {
    const { start, anna, react, now } = await scene()
    for (const key of ['👍', '👍🏽', '👍\uFE0F', '✅\uFE0F', ' ❌ ']) await react(anna, key)
    const keys = (await now(start)).map((event) => ('key' in event ? event.key : null))
    expect(keys).toEqual(['👍', '👍', '👍', '✅', '❌'])
  })

  test('a reaction that is taken back by its sender, or by somebody who may, says by whom', async () => {
    const { reader, room, start, anna, ben, react, redact } = await scene()
    const [first, second] = [await react(anna, '✅'), await react(ben, '✅')]
    const { next } = await reader.since(room, start, { wait: 0 })
    const own = await redact(anna, first)
    const others = await redact(get(), second)
    expect((await reader.since(room, next, { wait: 0 })).events).toEqual([
      { type: 'redaction', eventId: own, sender: anna.id, target: first },
      { type: 'redaction', eventId: others, sender: get().admin, target: second },
    ])
  })

  test('before room version 11 the same is said', async () => {
    const { reader, room, start, anna, react, redact } = await scene({ room_version: '10' })
    const event = await react(anna, '✅')
    const { next } = await reader.since(room, start, { wait: 0 })
    const redaction = await redact(anna, event)
    expect((await reader.since(room, next, { wait: 0 })).events).toEqual([
      { type: 'redaction', eventId: redaction, sender: anna.id, target: event },
    ])
  })

  test('without power nobody takes back what another did', async () => {
    const { room, anna, ben, react } = await scene()
    const event = await react(anna, '✅')
    const path = `${CLIENT}/rooms/${room}/redact/${encodeURIComponent(event)}/${randomUUID()}`
    const refused = await get().raw('PUT', path, {}, ben.token)
    expect(refused).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
  })

  test('what is not there, or elsewhere, nobody can be told to be taken out', async () => {
    const { room, start, anna, ben, react, redact, now } = await scene()
    const there = await scene()
    const elsewhere = await there.react(there.ben, '✅')
    const missing = `$${'x'.repeat(43)}`
    const path = (event: string) =>
      `${CLIENT}/rooms/${room}/redact/${encodeURIComponent(event)}/${randomUUID()}`
    expect(await get().raw('PUT', path(missing), {}, anna.token)).toMatchObject({ status: 404 })
    expect(await get().raw('PUT', path(elsewhere), {})).toMatchObject({ status: 400 })
    // Whoever may take out everything is answered as if it had been there.
    await redact(get(), missing)
    const event = await react(ben, '✅')
    expect(await now(start)).toMatchObject([{ type: 'reaction', eventId: event }])
    expect(await there.now(there.start)).toMatchObject([{ type: 'reaction', eventId: elsewhere }])
  })

  test('what was taken back before anybody looked is not told, and can be done again', async () => {
    const { start, anna, notice, react, redact, now } = await scene()
    const redaction = await redact(anna, await react(anna, '✅'))
    const again = await react(anna, '✅')
    const told = await now(start)
    expect(told).toMatchObject([{ type: 'redaction', eventId: redaction }, { type: 'reaction' }])
    expect(told[1]).toEqual(reaction(again, anna, notice, '✅'))
  })

  test('what stands under a message comes in its order, page by page, without what was taken back', async () => {
    const { reader, room, bot, anna, ben, notice, react, redact, say } = await scene()
    expect(await reader.standing(room, notice)).toEqual([])
    await react(bot, '✅')
    const first = await react(anna, '✅')
    const gone = await react(ben, '❌')
    await react(ben, '✅', await say(bot, words('Another asks')))
    const last = await react(ben, '✅\uFE0F')
    await redact(ben, gone)
    expect(await reader.standing(room, notice)).toEqual([
      { eventId: first, sender: anna.id, key: '✅', sentAt: SENT_AT },
      { eventId: last, sender: ben.id, key: '✅', sentAt: SENT_AT },
    ])
    for (let number = 0; number < 120; number++) await react(anna, `sign ${number}`)
    const keys = (await reader.standing(room, notice)) as { key: string }[]
    expect(keys.map(({ key }) => key)).toEqual([
      '✅',
      '✅',
      ...Array.from({ length: 120 }, (_, number) => `sign ${number}`),
    ])
  }, 60_000)

  test('nothing stands under a message that is not there, or was taken out, though the homeserver tells it', async () => {
    const { reader, room, bot, anna, notice, react, redact } = await scene()
    expect(await reader.standing(room, `$${'x'.repeat(43)}`)).toBe('gone')
    await react(anna, '✅')
    await redact(bot, notice)
    expect(await reader.standing(room, notice)).toBe('gone')
    const [roomPart, event] = [room, notice].map(encodeURIComponent)
    const path = `/_matrix/client/v1/rooms/${roomPart}/relations/${event}/m.annotation/m.reaction?dir=f`
    const raw = await get().raw('GET', path, undefined, bot.token)
    expect(raw.body).toMatchObject({ chunk: [{ type: 'm.reaction' }] })
  })

  test('who took a reaction or an answer out is told, and nothing before, nor of another room', async () => {
    const { reader, room, anna, notice, react, say, redact } = await scene()
    const other = await scene()
    const answer = words('deny', { 'm.in_reply_to': { event_id: notice } })
    for (const event of [await react(anna, '✅'), await say(anna, answer)]) {
      expect(await reader.redactionOf(room, event)).toBeNull()
      await redact(anna, event)
      const eventId = expect.stringMatching(/^\$/) as string
      expect(await reader.redactionOf(room, event)).toEqual({ eventId, sender: anna.id })
      expect(await other.reader.redactionOf(other.room, event)).toBeNull()
    }
  })

  test('a message in another room is gone', async () => {
    const [here, there] = [await scene(), await scene()]
    expect(await here.reader.standing(here.room, there.notice)).toBe('gone')
  })

  test('an answer is a reply, of the old kind or the new one, or a message in the thread', async () => {
    const { start, bot, anna, notice, say, now } = await scene()
    const reply = { 'm.in_reply_to': { event_id: notice } }
    const thread = { rel_type: 'm.thread', event_id: notice }
    await say(anna, words('deny'))
    const bodies: [string, string][] = []
    const add = async (body: string, relation: object, text = body) =>
      bodies.push([await say(anna, words(body, relation)), text])
    await add(
      `> <${bot.id}> One asks\n> in lines\n>\n\ndeny: no\n> not a quote`,
      reply,
      'deny: no\n> not a quote',
    )
    await add('approve', reply)
    const before = await say(anna, words('In the thread', thread))
    bodies.push([before, 'In the thread'])
    await add('ask: why?', {
      ...thread,
      is_falling_back: true,
      'm.in_reply_to': { event_id: before },
    })
    await add('note: seen', {
      ...thread,
      is_falling_back: false,
      'm.in_reply_to': { event_id: before },
    })
    expect(await now(start)).toEqual(
      bodies.map(([eventId, text]) => ({
        type: 'answer',
        eventId,
        sender: anna.id,
        target: notice,
        text,
        sentAt: SENT_AT,
      })),
    )
  })

  test('an edit of an answer, and what a bot says, are not told', async () => {
    const { start, anna, ben, notice, say, now } = await scene()
    const reply = { 'm.in_reply_to': { event_id: notice } }
    const event = await say(anna, words('talk', reply))
    await say(anna, {
      ...words('* approve', { rel_type: 'm.replace', event_id: event }),
      'm.new_content': words('approve', reply),
    })
    await say(ben, { ...words('approve', reply), msgtype: 'm.notice' })
    expect(await now(start)).toMatchObject([{ type: 'answer', eventId: event, text: 'talk' }])
  })

  test('as many of the longest answers as an answer holds are read, whole', async () => {
    const { reader, room, start, anna, notice, say } = await scene()
    const thread = { rel_type: 'm.thread', event_id: notice }
    for (let number = 0; number < 40; number++) await say(anna, words('€'.repeat(20_000), thread))
    const { events, gap } = await reader.since(room, start, { wait: 0 })
    expect(gap).toBeNull()
    expect(events.map((event) => ('text' in event ? event.text.length : 0))).toEqual(Array(40).fill(20_000))
  }, 60_000)

  test('more than one answer holds leaves a gap, which can be read', async () => {
    const { reader, room, start, anna, bot, notice, say } = await scene()
    const thread = { rel_type: 'm.thread', event_id: notice }
    const sent: string[] = []
    for (let number = 0; number < 170; number++) {
      sent.push(await say(anna, words(`Number ${number}`, thread)))
      if (number % 50 === 0) await say(bot, words('Its own', thread))
    }
    const { events, gap, next } = await reader.since(room, start, { wait: 0 })
    const ids = (all: RoomEvent[]) => all.map(({ eventId }) => eventId)
    expect(ids(events)).toEqual(sent.slice(-50))
    if (gap === null) throw new Error('No gap')
    expect(gap.from).toBe(start)
    expect(ids(await reader.between(room, gap.from, gap.to))).toEqual(sent.slice(0, -50))
    expect(await reader.since(room, next, { wait: 0 })).toMatchObject({ events: [], gap: null })
    const lost = await errorOf(reader.between(room, 'rubbish', gap.to))
    expect(lost).toBeInstanceOf(StreamLost)
  }, 60_000)

  test('the same place asked again tells the same again, and what came since, at once', async () => {
    const { start, anna, ben, react, now } = await scene()
    const first = await react(anna, '✅')
    expect(await now(start)).toMatchObject([{ eventId: first }])
    expect(await now(start)).toMatchObject([{ eventId: first }])
    const second = await react(ben, '✅')
    expect(await now(start)).toMatchObject([{ eventId: first }, { eventId: second }])
  })

  test('the end is where it is now, however often it is asked', async () => {
    const { reader, room, anna, react, now } = await scene()
    await react(anna, '✅')
    const end = await reader.end(room)
    expect(await now(end)).toEqual([])
    const event = await react(anna, '❌')
    expect(await now(await reader.end(room))).toEqual([])
    expect(await now(end)).toMatchObject([{ eventId: event }])
  })

  test('a place that is none is told apart from every other refusal', async () => {
    const { reader, room } = await scene()
    const error = await failure(reader.since(room, 'rubbish', { wait: 0 }), 'refused', true)
    expect(error).toBeInstanceOf(StreamLost)
  })

  test('a place that is not reached yet is taken without a word, and what happens then is not told', async () => {
    const { reader, room, start, anna, react } = await scene()
    const future = start.replace(/\d+/, (number) => String(Number(number) + 1_000_000))
    await react(anna, '✅')
    const news = await reader.since(room, future, { wait: 0 })
    expect(news).toMatchObject({ events: [], gap: null, left: false })
    await react(anna, '❌')
    expect((await reader.since(room, news.next, { wait: 0 })).events).toMatchObject([{ key: '❌' }])
  })

  test('whoever is sent away is told so once, with what happened before, and knows nothing of the room', async () => {
    const { reader, room, start, bot, anna, react, kick } = await scene()
    const waiting = reader.since(room, start)
    expect((await kick(bot.id)).status).toBe(200)
    const news = await waiting
    expect(news).toMatchObject({ events: [], left: true })
    await react(anna, '✅')
    expect(await reader.since(room, news.next, { wait: 0 })).toMatchObject({ events: [], left: false })
    expect(await reader.traits(room)).toBeNull()
    expect(await reader.since(room, start, { wait: 0 })).toMatchObject({ left: true })
  })

  test('what happened before it was sent away is told with it', async () => {
    const { reader, room, start, bot, anna, react, kick } = await scene()
    const event = await react(anna, '✅')
    await kick(bot.id)
    const news = await reader.since(room, start, { wait: 0 })
    expect(news).toMatchObject({ events: [{ eventId: event }], left: true })
  })

  test("a reaction takes no power, unless the room's levels say so", async () => {
    const { anna, notice, put, react, tell } = await scene()
    await react(anna, '✅')
    const levels = { users: { [get().admin]: 100 }, events: { 'm.reaction': 50 } }
    await tell('m.room.power_levels', levels)
    const refused = await put(anna, 'm.reaction', annotation(notice, '❌'))
    expect(refused).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
  })

  test('a room that becomes encrypted, and what is encrypted in it, with what it replies to if that is readable', async () => {
    const { reader, room, start, anna, notice, put, tell, now } = await scene()
    expect(await reader.traits(room)).toMatchObject({ encrypted: false })
    await tell('m.room.power_levels', { users: { [get().admin]: 100 } })
    // Then anybody can send something that is only named so.
    const named = await put(anna, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' })
    expect(named.status).toBe(200)
    const encrypted = await tell('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' })
    const secret = { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x', session_id: 'x', device_id: 'X' }
    const reply = { 'm.relates_to': { 'm.in_reply_to': { event_id: notice } } }
    await put(anna, 'm.room.encrypted', secret)
    await put(anna, 'm.room.encrypted', { ...secret, ...reply })
    await put(anna, 'm.reaction', annotation(notice, '✅'))
    expect(await now(start)).toMatchObject([
      { type: 'encrypted', eventId: encrypted, sender: get().admin },
      { type: 'encrypted_message', sender: anna.id, target: null },
      { type: 'encrypted_message', sender: anna.id, target: notice },
      { type: 'reaction', sender: anna.id, key: '✅' },
    ])
    expect(await reader.traits(room)).toMatchObject({ encrypted: true })
  })

  test('a room that was replaced says by which', async () => {
    const { reader, room, start, anna, put, tell, now } = await scene()
    const by = `!other:${get().domain}`
    await tell('m.room.power_levels', { users: { [get().admin]: 100 } })
    const named = await put(anna, 'm.room.tombstone', { body: 'Go', replacement_room: by })
    expect(named).toMatchObject({ status: 400, body: { errcode: 'M_UNKNOWN' } })
    const eventId = await tell('m.room.tombstone', { body: 'Go there', replacement_room: by })
    expect(await now(start)).toEqual([{ type: 'replaced', eventId, sender: get().admin, by }])
    expect(await reader.traits(room)).toMatchObject({ replacedBy: by })
  })

  describe('who can read a room', () => {
    const visible = (history: string) => ({
      initial_state: [
        {
          type: 'm.room.history_visibility',
          state_key: '',
          content: { history_visibility: history },
        },
      ],
    })

    const listed = { visibility: 'public' }

    test.each([
      ['its members', {}, null],
      ['its members, also what was before them', visible('shared'), null],
      ['everybody who joins', { preset: 'public_chat' }, 'public_join'],
      ['everybody', visible('world_readable'), 'world_readable'],
      ['its members, also of one that was to be in a directory which lists none', listed, null],
    ])('%s', async (_, content, open) => {
      const preset = { preset: 'private_chat', ...content }
      const { reader, room } = await scene(preset)
      expect(await reader.traits(room)).toEqual({
        open,
        encrypted: false,
        otherServers: [],
        replacedBy: null,
      })
    })

    test('everybody finds one that is in the directory', async ({ skip }) => {
      const lists = (await get().variant('directory')) ?? skip()
      const { id, token } = await aMemberOf(lists)
      const room = (await aRoom(lists, { preset: 'private_chat', ...listed }, token)).id
      expect(await readerOf({ id, token }, lists).traits(room)).toMatchObject({ open: 'in_directory' })
    })

    test('whoever is not in it knows nothing of it, nor of one that is not there', async () => {
      const { reader } = await scene()
      const { id } = await aRoom(get())
      expect(await reader.traits(id)).toBeNull()
      expect(await reader.traits(`!${randomUUID()}:${get().domain}`)).toBeNull()
    })
  })

  test('a token that is refused is told as such', async () => {
    const { room, start, bot } = await scene()
    const reader = readerOf({ ...bot, token: 'none' })
    await failure(reader.since(room, start, { wait: 0 }), 'token', true)
    await failure(reader.end(room), 'token', true)
  })
}
