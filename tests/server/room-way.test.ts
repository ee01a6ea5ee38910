import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  aConfig,
  aModerator,
  anAdminRoom,
  aWorld,
  DOMAIN,
  REASON,
  requested,
  signInToMatrix,
  type TestWorld,
} from '../support/world'

/**
 * Moderators decide in their room from end to end: an account that this program makes writes there and reads, two people
 * link their Matrix IDs by reacting, and decide; a third one is in the room and does not count.
 */
const real = v.safeParse(
  v.object({
    SYNAPSE_URL: v.string(),
    SYNAPSE_DOMAIN: v.string(),
    SYNAPSE_ADMIN_TOKEN: v.string(),
    SYNAPSE_FORM_SECRET: v.string(),
  }),
  process.env,
)
const { SYNAPSE_URL, SYNAPSE_DOMAIN, SYNAPSE_ADMIN_TOKEN, SYNAPSE_FORM_SECRET } = real.success
  ? real.output
  : { SYNAPSE_URL: '', SYNAPSE_DOMAIN: '', SYNAPSE_ADMIN_TOKEN: '', SYNAPSE_FORM_SECRET: '' }

const SERVERS = [
  { name: 'the stand-in', domain: DOMAIN, admin: 'token', target: null },
  ...(real.success
    ? [
        {
          name: 'a real Synapse',
          domain: SYNAPSE_DOMAIN,
          admin: SYNAPSE_ADMIN_TOKEN,
          target: {
            url: SYNAPSE_URL,
            domain: SYNAPSE_DOMAIN,
            token: SYNAPSE_ADMIN_TOKEN,
            formSecret: SYNAPSE_FORM_SECRET,
          },
        },
      ]
    : []),
]

const answerSchema = v.looseObject({})
const eventSchema = v.object({
  event_id: v.string(),
  sender: v.string(),
  type: v.string(),
  content: v.looseObject({
    msgtype: v.optional(v.string()),
    body: v.optional(v.string()),
    'm.mentions': v.optional(v.object({ user_ids: v.optional(v.array(v.string())) })),
    'm.new_content': v.optional(v.object({ body: v.string() })),
    'm.relates_to': v.optional(
      v.object({
        rel_type: v.optional(v.string()),
        event_id: v.optional(v.string()),
        key: v.optional(v.string()),
      }),
    ),
  }),
})
type RoomEvent = v.InferOutput<typeof eventSchema>

interface Member {
  id: string
  token: string
}

describe.each(SERVERS)('on $name', ({ domain, admin, target }) => {
  let world: TestWorld
  let room: string
  /** One for all: a homeserver makes only so many in a while. */
  let made: string | undefined
  const newName = (kind: string) => `${kind}-${randomUUID().slice(0, 8)}`

  async function call(method: string, path: string, content: object | null, token = admin) {
    const response = await fetch(`${world.homeserverUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(content === null ? {} : { body: JSON.stringify(content) }),
    })
    const body = v.parse(answerSchema, await response.json())
    expect(response.ok, `${method} ${path}: ${JSON.stringify(body)}`).toBe(true)
    return body
  }

  /** Somebody who is in the room. */
  async function aMember(kind: string): Promise<Member> {
    const localpart = newName(kind)
    const id = `@${localpart}:${domain}`
    const password = `${randomUUID()} of ${kind}`
    await put(`/_synapse/admin/v2/users/${encodeURIComponent(id)}`, { password })
    await call('POST', `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, { user_id: id })
    const identifier = { type: 'm.id.user', user: localpart }
    const login = { type: 'm.login.password', identifier, password }
    const { access_token: token } = await call('POST', '/_matrix/client/v3/login', login)
    return { id, token: String(token) }
  }

  async function put(path: string, content: object, token = admin): Promise<Record<string, unknown>> {
    return call('PUT', path, content, token)
  }
  const inRoom = (path: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${path}`

  async function send({ token }: Member, type: string, content: object): Promise<string> {
    const sent = await put(inRoom(`send/${type}/${randomUUID()}`), content, token)
    await look()
    return String(sent['event_id'])
  }
  const react = (by: Member, target: string, key: string) =>
    send(by, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } })
  const reply = (by: Member, target: string, body: string) =>
    send(by, 'm.room.message', {
      msgtype: 'm.text',
      body,
      'm.relates_to': { 'm.in_reply_to': { event_id: target } },
    })
  async function remove({ token }: { token: string }, event: string): Promise<void> {
    await put(inRoom(`redact/${encodeURIComponent(event)}/${randomUUID()}`), {}, token)
    await look()
  }

  /** The room is read, and what follows is done. */
  async function look(): Promise<void> {
    await world.services.roomListener?.once()
    await world.drain()
  }

  async function events(): Promise<RoomEvent[]> {
    const { chunk } = await call('GET', inRoom('messages?dir=b&limit=100'), null)
    return v.parse(v.array(v.unknown()), chunk).flatMap((event) => {
      const parsed = v.safeParse(eventSchema, event)
      return parsed.success ? [parsed.output] : []
    })
  }

  /** The newest message about a request, as clients show it, and its event ID. */
  async function notice(username: string): Promise<{ id: string; text: string }> {
    const all = await events()
    const relates = ({ content }: RoomEvent) => content['m.relates_to']
    const first = all.find(
      (event) => relates(event) === undefined && event.content.body?.includes(`@${username}:`) === true,
    )
    if (first === undefined) throw new Error(`Nothing is said about ${username}`)
    const edit = all.find(
      (event) => relates(event)?.rel_type === 'm.replace' && relates(event)?.event_id === first.event_id,
    )
    return { id: first.event_id, text: edit?.content['m.new_content']?.body ?? first.content.body ?? '' }
  }
  async function inThread(root: string): Promise<string[]> {
    return (await events())
      .filter(({ content }) => content['m.relates_to']?.rel_type === 'm.thread')
      .filter(({ content }) => content['m.relates_to']?.event_id === root)
      .map(({ content }) => content.body ?? '')
  }
  const seeds = async (root: string) =>
    (await events())
      .filter(({ type, content }) => type === 'm.reaction' && content['m.relates_to']?.event_id === root)
      .filter(({ sender }) => sender.startsWith('@bot-'))
      .map(({ content }) => content['m.relates_to']?.key)
      .sort()

  /** A moderator who has linked a Matrix ID by reacting to the message that asks for it. */
  async function aLinked(kind: string) {
    const member = await aMember(kind)
    const moderator = await aModerator(world.services, newName(kind))
    await moderator.api.account.claimMatrixId({ matrixId: member.id })
    await world.drain()
    const asks = (await events()).find(
      ({ content }) => content['m.mentions']?.user_ids?.includes(member.id) === true,
    )
    await react(member, asks?.event_id ?? '', '🔗')
    expect(await moderator.api.account.matrixId()).toMatchObject({ linked: member.id, asked: null })
    return { ...moderator, member }
  }

  async function asked() {
    const username = newName('river')
    const { view } = await requested(world, username)
    return { username, id: view.id, email: `${username}@mail.test`, notice: (await notice(username)).id }
  }
  const state = async (id: string) => (await world.services.registrar.find(id))?.state

  beforeEach(async () => {
    const base = aConfig()
    room = target === null ? `#moderators:${DOMAIN}` : (made ??= await aPrivateRoom(target))
    world = await aWorld(
      {
        synapse: { ...base.synapse, domain },
        matrixNotifications: {
          adminRoom: anAdminRoom({ room, decide: 'reactions', details: true }),
          welcome: null,
        },
        roomBot: { account: newName('bot') },
        moderation: { ...base.moderation, undoMs: 20_000 },
      },
      undefined,
      target,
    )
    if (target === null) room = world.standIn.room(room)?.id ?? ''
  })
  afterEach(() => world.dispose())

  test('two who are linked decide; a third one does not', async () => {
    const anna = await aLinked('anna')
    const ben = await aLinked('ben')
    const carl = await aMember('carl')

    const river = await asked()
    expect(await seeds(river.notice)).toEqual(['✅', '❌'])
    expect(await inThread(river.notice)).toEqual([expect.stringContaining(REASON)])
    await react(carl, river.notice, '✅')
    expect(await state(river.id)).toBe('requested')
    expect(await inThread(river.notice)).toHaveLength(2)

    const yes = await react(anna.member, river.notice, '✅')
    expect(await state(river.id)).toBe('approved')
    expect((await notice(river.username)).text).toMatch(/^✅ Approved by anna-/)
    expect(await seeds(river.notice)).toEqual([])
    expect((await inThread(river.notice)).join('\n')).not.toContain(REASON)
    await react(ben.member, river.notice, '❌')
    expect(await state(river.id)).toBe('approved')

    await remove(anna.member, yes)
    expect(await state(river.id)).toBe('requested')
    expect(await seeds(river.notice)).toEqual(['✅', '❌'])
    const again = await react(anna.member, river.notice, '👍')
    await remove({ token: admin }, again)
    world.pass(60_000)
    await world.drain()
    expect(await state(river.id)).toBe('completed')
    expect(await signInToMatrix(world, river.username)).toBe('in')
    expect((await notice(river.username)).text).toMatch(/^✅ Approved by anna-\S+\n@river/)
  }, 60_000)

  test('they answer in words, and everything else is talk', async () => {
    const anna = await aLinked('anna')
    const river = await asked()
    await reply(anna.member, river.notice, 'approve? hm, who is that')
    await reply(anna.member, river.notice, 'note: from the café')
    await react(anna.member, river.notice, '🎉')
    expect(await state(river.id)).toBe('requested')
    await reply(anna.member, river.notice, 'ask: Whom do you know?')
    expect(world.mailbox.last(river.email, 'question').question).toBe('Whom do you know?')
    await react(anna.member, river.notice, '👀')
    expect(await world.services.registrar.find(river.id)).toMatchObject({ claimedBy: anna.id })
    await reply(
      anna.member,
      river.notice,
      `> <@somebody:${domain}> a quote\n> of two lines\n\nAblehnen: Wir sind voll.\n\nIm Frühjahr wieder.`,
    )
    expect(await world.services.registrar.find(river.id)).toMatchObject({
      state: 'denied',
      message: 'Wir sind voll.\n\nIm Frühjahr wieder.',
    })
    world.pass(60_000)
    await world.drain()
    expect(world.mailbox.last(river.email, 'denied').message).toContain('Im Frühjahr wieder.')
  }, 60_000)

  test('what was done while nobody read counts if the request is still the same', async () => {
    const anna = await aLinked('anna')
    const river = await asked()
    world.pass(120_000)
    const brook = await asked()
    await anna.api.conversation.ask({ id: brook.id, text: 'Whom do you know?' })
    const quiet = async (by: Member, on: string) => {
      const relation = { rel_type: 'm.annotation', event_id: on, key: '✅' }
      await put(inRoom(`send/m.reaction/${randomUUID()}`), { 'm.relates_to': relation }, by.token)
    }
    await quiet(anna.member, river.notice)
    await quiet(anna.member, brook.notice)
    await look()
    expect(await state(river.id)).toBe('approved')
    expect(await state(brook.id)).toBe('requested')
    const { id: newer } = await notice(brook.username)
    expect(newer).not.toBe(brook.notice)
    await react(anna.member, newer, '✅')
    expect(await state(brook.id)).toBe('approved')
  }, 60_000)

  test('whose link ends decides nothing from then on', async () => {
    const anna = await aLinked('anna')
    await anna.api.account.unlinkMatrixId()
    const river = await asked()
    await react(anna.member, river.notice, '✅')
    expect(await state(river.id)).toBe('requested')
  }, 60_000)

  /** Synapse 1.160 lets an account make some ten rooms, and then one in a minute. */
  async function aPrivateRoom({ url }: { url: string }): Promise<string> {
    const ask = async (method: string, path: string, content?: object) => {
      const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }
      const body = content === undefined ? {} : { body: JSON.stringify(content) }
      const response = await fetch(`${url}${path}`, { method, headers, ...body })
      return v.parse(answerSchema, await response.json())
    }
    const { user_id: user } = await ask('GET', '/_matrix/client/v3/account/whoami')
    const unlimited = { messages_per_second: 0, burst_count: 0 }
    await ask('POST', `/_synapse/admin/v1/users/${String(user)}/override_ratelimit`, unlimited)
    const room = await ask('POST', '/_matrix/client/v3/createRoom', { preset: 'private_chat' })
    return v.parse(v.string(), room['room_id'])
  }
})
