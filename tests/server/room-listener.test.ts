import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RoomEvent, RoomNews, RoomTraits, StandingReaction } from '$lib/moderation/room-event'
import { HOUR, MINUTE } from '$lib/registration/time'
import { findAnnouncements } from '$lib/server/database/announcements'
import { findEvents } from '$lib/server/database/events'
import { closeStream, findStreamPosition, putStreamPosition } from '$lib/server/database/room-stream'
import { jobs, moderators, roomNotices } from '$lib/server/database/schema'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import { StreamLost, type RoomReader } from '$lib/server/homeserver/room-reader'
import { createRoomListener } from '$lib/server/moderators-room/room-listener'
import { decideOnly } from '../support/decide'
import { aConfig, aModerator, anAdminRoom, aWorld, DOMAIN, requested, type TestWorld } from '../support/world'

/** The moderators' room is read by one process, goes on where it stopped, and passes nothing over. */
const ROOM = `#moderators:${DOMAIN}`
const ANNA = `@anna:${DOMAIN}`
const FIT: RoomTraits = { open: null, encrypted: false, otherServers: [], replacedBy: null }

let world: TestWorld
let roomId: string
let id: string
let target: string

/** A room whose stream is the list of its events: its tokens are places in it. */
function aRoom() {
  const events: RoomEvent[] = []
  const room = {
    events,
    standing: new Map<string, StandingReaction[] | 'gone'>(),
    redactions: new Map<string, { eventId: string; sender: string }>(),
    traits: FIT as RoomTraits | null,
    /** What the next call throws. */
    fails: null as Error | null,
    /** How many of the newest events one answer holds. */
    limit: 50,
    left: false,
    calls: [] as string[],
    react(key: string, sender = ANNA): string {
      const eventId = `$${randomUUID()}`
      events.push({ type: 'reaction', eventId, sender, target, key })
      room.standing.set(target, [...room.stands(), { eventId, sender, key }])
      return eventId
    },
    stands(): StandingReaction[] {
      const stands = room.standing.get(target)
      return stands === undefined || stands === 'gone' ? [] : stands
    },
  }
  const call = <T>(name: string, answer: () => T): Promise<T> => {
    room.calls.push(name)
    const { fails } = room
    room.fails = null
    if (fails !== null) return Promise.reject(fails)
    return Promise.resolve(answer())
  }
  const reader: RoomReader = {
    userId: () => Promise.resolve('@bot:example.test'),
    end: () => call('end', () => String(events.length)),
    since: (_, from) =>
      call('since', (): RoomNews => {
        const news = events.slice(Number(from))
        const skipped = Math.max(0, news.length - room.limit)
        const gap = skipped === 0 ? null : { from, to: String(Number(from) + skipped) }
        return { events: news.slice(skipped), next: String(events.length), gap, left: room.left }
      }),
    between: (_, from, to) => call('between', () => events.slice(Number(from), Number(to))),
    standing: (_, eventId) => call('standing', () => room.standing.get(eventId) ?? []),
    redactionOf: (_, eventId) => call('redactionOf', () => room.redactions.get(eventId) ?? null),
    traits: () => call('traits', () => room.traits),
  }
  return { ...room, reader, room }
}

let room: ReturnType<typeof aRoom>['room']
let reader: RoomReader

function aListener(owner: string = randomUUID()) {
  const { services } = world
  return createRoomListener({
    database: world.database,
    homeserver: services.homeserver,
    reader,
    decisions: services.roomDecisions,
    announcements: services.announcements,
    room: ROOM,
    owner,
    clock: world.now,
    random: () => 0.5,
    log: pino({ level: 'silent' }),
    onWork: () => undefined,
  })
}

beforeEach(async () => {
  world = await aWorld({
    matrixNotifications: {
      ...aConfig().matrixNotifications,
      adminRoom: anAdminRoom({ decide: 'reactions' }),
    },
    moderation: { ...aConfig().moderation, undoMs: 20_000 },
  })
  roomId = world.standIn.room(ROOM)?.id ?? ''
  const anna = await aModerator(world.services, 'anna')
  await world.database.write((tx) =>
    tx.update(moderators).set({ matrixId: ANNA }).where(eq(moderators.id, anna.id)),
  )
  id = (await requested(world, 'river')).view.id
  const [notice] = await world.database.read((tx) =>
    tx.select().from(roomNotices).where(eq(roomNotices.registrationId, id)),
  )
  target = notice?.eventId ?? ''
  const made = aRoom()
  room = made.room
  reader = made.reader
})
afterEach(() => world.dispose())

const state = async () => (await world.services.registrar.find(id))?.state
const position = () => world.database.read((tx) => findStreamPosition(tx))
async function announced(): Promise<string[]> {
  return (await world.database.read((tx) => findAnnouncements(tx)))
    .map(({ key }) => key)
    .filter((key) => key.startsWith('room_'))
}
const refusedWith = (kind: HomeserverError['kind']) =>
  new HomeserverError(kind, 'Refused.', { permanent: true })

describe('reading', () => {
  test('begins at the end, and counts the reactions that stand', async () => {
    room.react('✅')
    await aListener().once()
    expect(await state()).toBe('approved')
    expect(await position()).toEqual({ room: roomId, since: '1' })
  })

  test('goes on where it stopped, also in another process', async () => {
    const first = aListener()
    await first.once()
    await first.stop(0)
    room.react('❌')
    room.standing.clear()
    await aListener().once()
    expect(await state()).toBe('denied')
    expect(await position()).toEqual({ room: roomId, since: '1' })
  })

  test('tells the same events again after a stop between a decision and the place, and nothing happens twice', async () => {
    const listener = aListener()
    await listener.once()
    room.react('✅')
    await listener.once()
    const anna = await aModerator(world.services)
    await anna.api.moderation.undo({ id })
    await world.database.write(async (tx) => {
      await putStreamPosition(tx, { room: roomId, since: '0' }, world.now())
    })
    await aListener('another')
      .once()
      .catch(() => undefined)
    world.pass(3 * MINUTE)
    await aListener('another').once()
    expect(await state()).toBe('requested')
    expect(await position()).toEqual({ room: roomId, since: '1' })
  })

  test('is done by one process at a time', async () => {
    const [one, other] = [aListener('one'), aListener('other')]
    await one.once()
    room.calls.length = 0
    expect(await other.once()).toBeGreaterThan(0)
    expect(room.calls).toEqual([])
    await one.stop(0)
    await other.once()
    expect(room.calls).not.toEqual([])
  })

  test('is taken over from a process that is gone, which then stores nothing', async () => {
    const [one, other] = [aListener('one'), aListener('other')]
    await one.once()
    room.react('✅')
    const since = reader.since
    reader.since = async (...asked) => {
      const news = await since(...asked)
      reader.since = since
      world.pass(3 * MINUTE)
      expect(await other.once()).toBe(0)
      const anna = await aModerator(world.services)
      await anna.api.moderation.undo({ id })
      return { ...news, events: news.events.map((event) => ({ ...event, eventId: `$${randomUUID()}` })) }
    }
    await expect(one.once()).rejects.toThrow()
    expect(await state()).toBe('requested')
  })

  test('fills a gap, and looks at what stands after it', async () => {
    const listener = aListener()
    await listener.once()
    room.react('✅')
    for (let talk = 0; talk < 60; talk++) room.react('🎉')
    room.limit = 10
    room.standing.clear()
    await listener.once()
    expect(await state()).toBe('approved')
  })

  test('looks at what stands after a gap: what was taken back in it tells nothing', async () => {
    const listener = aListener()
    await listener.once()
    for (let talk = 0; talk < 60; talk++) room.react('🎉')
    room.limit = 10
    await listener.once()
    room.react('✅')
    room.events.pop()
    await listener.once()
    expect(await state()).toBe('approved')
  })

  test('looks every hour at what stands: a homeserver may have lost what it told, or hide what it has', async () => {
    const listener = aListener()
    await listener.once()
    room.react('✅')
    room.events.length = 0
    await listener.once()
    expect(await state()).toBe('requested')
    world.pass(HOUR)
    await listener.once()
    expect(await state()).toBe('approved')
  })

  test('begins anew where the homeserver does not know the place any more', async () => {
    const listener = aListener()
    await listener.once()
    room.react('✅')
    room.events.length = 0
    const since = reader.since
    reader.since = () => Promise.reject(new StreamLost('refused', 'Lost.', { permanent: true }))
    await listener.once()
    reader.since = since
    await listener.once()
    expect(await state()).toBe('approved')
    expect(await position()).toEqual({ room: roomId, since: '0' })
  })

  test('goes on after every error of the homeserver', async () => {
    const listener = aListener()
    await listener.once()
    room.react('✅')
    room.fails = refusedWith('unreachable')
    await expect(listener.once()).rejects.toThrow('Refused')
    expect(await state()).toBe('requested')
    await listener.once()
    expect(await state()).toBe('approved')
  })

  test('follows the order of the room, also for what was done while nobody read', async () => {
    const listener = aListener()
    await listener.once()
    const deny = { type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' } as const
    room.events.push(deny)
    room.react('✅')
    world.pass(HOUR)
    await listener.once()
    expect(await state()).toBe('denied')
  })

  test('passes over no answer to a message that we do not know to be there', async () => {
    const listener = aListener()
    await listener.once()
    const [notice] = await world.database.read((tx) => tx.select().from(roomNotices))
    const job = notice?.job ?? ''
    const under = (change: { eventId: string | null }, jobState: 'running' | 'done') =>
      world.database.write(async (tx) => {
        await tx.update(roomNotices).set(change).where(eq(roomNotices.job, job))
        await tx.update(jobs).set({ state: jobState }).where(eq(jobs.id, job))
      })
    await under({ eventId: null }, 'running')
    room.events.push({ type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' })
    expect(await listener.once()).toBeGreaterThan(0)
    expect(await state()).toBe('requested')
    await under({ eventId: target }, 'done')
    await listener.once()
    expect(await state()).toBe('denied')
  })

  test.each(['standing', 'between'] as const)('goes on where there is too much of %s', async (what) => {
    const listener = aListener()
    await listener.once()
    const refuse = () => Promise.reject(refusedWith('refused'))
    Object.assign(reader, { [what]: refuse })
    for (let talk = 0; talk < 60; talk++) room.react('🎉')
    room.react('✅')
    room.limit = 10
    await listener.once()
    expect(await state()).toBe('approved')
    expect(await position()).toMatchObject({ since: '61' })
  })

  test('forgets a message that somebody took out of the room; the request still waits', async () => {
    room.standing.set(target, 'gone')
    await world.database.write((tx) => tx.update(roomNotices).set({ detailsId: '$details' }))
    const redacted: string[] = []
    const { homeserver } = world.services
    const redact = homeserver.redact
    homeserver.redact = (where, event, transaction) => {
      redacted.push(event)
      return redact(where, event, transaction)
    }
    await aListener().once()
    expect(redacted).toEqual(['$details'])
    expect(await state()).toBe('requested')
    expect(await world.database.read((tx) => tx.$count(roomNotices))).toBe(0)
  })
})

describe('an alias', () => {
  /** Leads to another room, where our message is by now. */
  async function move(): Promise<string> {
    const old = world.standIn.room(ROOM)
    if (old === undefined) throw new Error('No room')
    const other = { ...old, id: `!other:${DOMAIN}`, messages: [] }
    old.aliases = []
    world.standIn.rooms.set(other.id, other)
    await world.database.write((tx) => tx.update(roomNotices).set({ room: other.id }))
    const { since } = reader
    reader.since = async (asked, from) => {
      const news = await since(asked, from)
      return asked === other.id ? news : { ...news, events: [] }
    }
    return other.id
  }
  const deny = () =>
    room.events.push({ type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' })

  test('that leads to another room is followed within a minute, and nothing is passed over there', async () => {
    const listener = aListener()
    await listener.once()
    const other = await move()
    deny()
    await listener.once()
    expect(await state()).toBe('requested')
    world.pass(MINUTE)
    await listener.once()
    expect(await state()).toBe('denied')
    expect(await position()).toEqual({ room: other, since: '1' })
  })

  test('that leads to another room is followed at the start, from where reading stopped', async () => {
    const first = aListener()
    await first.once()
    await first.stop(0)
    const other = await move()
    deny()
    await aListener().once()
    expect(await state()).toBe('denied')
    expect(await position()).toEqual({ room: other, since: '1' })
  })

  test('that leads nowhere for a moment ends nothing, and is asked for once a minute', async () => {
    const listener = aListener()
    await listener.once()
    const { homeserver } = world.services
    let asked = 0
    homeserver.roomId = () => {
      asked += 1
      return Promise.reject(refusedWith('missing'))
    }
    await listener.once()
    expect(asked).toBe(0)
    world.pass(MINUTE)
    room.react('✅')
    await listener.once()
    await listener.once()
    expect(asked).toBe(1)
    expect(await state()).toBe('approved')
  })

  test('that was not told while it came to lead to another room is followed without passing anything over', async () => {
    const listener = aListener()
    await listener.once()
    const { homeserver } = world.services
    const { roomId: tell } = homeserver
    await move()
    deny()
    homeserver.roomId = () => Promise.reject(refusedWith('unreachable'))
    await listener.once()
    world.pass(MINUTE)
    await listener.once()
    homeserver.roomId = tell
    world.pass(MINUTE)
    await listener.once()
    expect(await state()).toBe('denied')
  })
})

describe('what was taken out of the room without our hearing of it', () => {
  async function decided(ask: () => string, by: string | null = ANNA) {
    const listener = aListener()
    await listener.once()
    const event = ask()
    await listener.once()
    expect(await state()).not.toBe('requested')
    if (by !== null) room.redactions.set(event, { eventId: '$redaction', sender: by })
    const since = reader.since
    reader.since = () => Promise.reject(new StreamLost('refused', 'Lost.', { permanent: true }))
    await listener.once()
    reader.since = since
    return listener
  }
  const answer = () => {
    room.events.push({ type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' })
    return '$deny'
  }

  test.each([
    ['a reaction', () => room.react('✅')],
    ['an answer', answer],
  ])('takes back its decision: %s', async (_, ask) => {
    const listener = await decided(ask)
    await listener.once()
    expect(await state()).toBe('requested')
    const found = await world.database.read((tx) => findEvents(tx, id))
    expect(found.find(({ kind }) => kind === 'undone')).toMatchObject({
      detail: { room_event: '$redaction' },
    })
  })

  test('but not once it has taken effect', async () => {
    const listener = await decided(() => room.react('✅'))
    world.pass(MINUTE)
    await listener.once()
    expect(await state()).toBe('approved')
    await world.drain()
    expect(await state()).toBe('completed')
  })

  test('nor one that was undone since, and made on the pages', async () => {
    const listener = await decided(() => room.react('✅'))
    const { api } = await aModerator(world.services)
    await api.moderation.undo({ id })
    world.pass(1_000)
    await decideOnly(world, id, 'deny')
    await listener.once()
    expect(await state()).toBe('denied')
  })

  test.each([
    ['nothing was taken out, or the homeserver does not know it any more', null],
    ['somebody else took it out', `@ben:${DOMAIN}`],
  ])('if %s, the decision stands', async (_, by) => {
    const listener = await decided(() => room.react('✅'), by)
    await listener.once()
    expect(await state()).toBe('approved')
  })
})

test('whoever reads the room stops once another process has decided nothing there', async () => {
  const listener = aListener()
  await listener.once()
  const since = reader.since
  reader.since = async (...given) => {
    const news = await since(...given)
    await world.database.write((tx) => closeStream(tx, world.now()))
    return news
  }
  room.react('✅')
  await expect(listener.once()).rejects.toThrow()
  reader.since = since
  await expect(listener.once()).rejects.toThrow()
  expect(await world.database.read(findStreamPosition)).toBe('closed')
  expect(await state()).toBe('requested')
})

test('a token that is refused is told, with what the homeserver says, until it is accepted', async () => {
  const { traits } = reader
  reader.traits = () => Promise.reject(refusedWith('token'))
  const listener = aListener()
  listener.start()
  await expect.poll(announced).toEqual(['room_not_read'])
  await listener.stop(0)
  reader.traits = traits
  await aListener().once()
  expect(await announced()).toEqual([])
})

test('a message whose details another account sent, and we may not take out, is forgotten all the same', async () => {
  room.standing.set(target, 'gone')
  await world.database.write((tx) => tx.update(roomNotices).set({ detailsId: '$details' }))
  const { homeserver } = world.services
  homeserver.redact = () => Promise.reject(refusedWith('refused'))
  expect(await aListener().once()).toBe(0)
  expect(await announced()).toEqual([])
  expect(await world.database.read((tx) => tx.$count(roomNotices))).toBe(0)
})

describe('while nothing was decided in the room', () => {
  const close = () => world.database.write((tx) => closeStream(tx, world.now()))
  const deny = () =>
    room.events.push({ type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' })

  test.each(['that was read before', 'that was never read'])(
    'what was done there never counts, and what is done later does: a room %s',
    async (before) => {
      if (before === 'that was read before') await aListener('one').once()
      await close()
      room.react('✅')
      deny()
      const listener = aListener('one')
      await listener.once()
      expect(await state()).toBe('requested')
      expect(await position()).toEqual({ room: roomId, since: '2' })
      world.pass(HOUR)
      await listener.once()
      expect(await state()).toBe('requested')
      room.react('✅')
      await listener.once()
      expect(await state()).toBe('approved')
    },
  )

  test('what was done there does not count for a request that waits again only later either', async () => {
    const api = await decideOnly(world, id, 'deny')
    await close()
    room.react('✅')
    const listener = aListener()
    await listener.once()
    await api.moderation.undo({ id })
    await world.drain()
    world.pass(HOUR)
    await listener.once()
    expect(await state()).toBe('requested')
  })

  test('what was done there does not count after a failed attempt to read either', async () => {
    await close()
    room.react('✅')
    const { end } = reader
    reader.end = () => Promise.reject(refusedWith('unreachable'))
    await expect(aListener('one').once()).rejects.toThrow('Refused')
    reader.end = end
    await aListener('one').once()
    expect(await state()).toBe('requested')
  })

  test('nobody who reacted there is told later that they may not decide', async () => {
    await close()
    room.react('✅', `@stranger:${DOMAIN}`)
    await aListener().once()
    await world.drain()
    expect(JSON.stringify(world.standIn.room(ROOM)?.messages)).not.toContain('admin/account')
  })
})

describe('a room that does not fit', () => {
  test.each([
    ['public_join', { ...FIT, open: 'public_join' }, 'room_open'],
    ['world_readable', { ...FIT, open: 'world_readable' }, 'room_open'],
    ['in the directory', { ...FIT, open: 'in_directory' }, 'room_open'],
    ['replaced', { ...FIT, replacedBy: '!new:example.test' }, 'room_replaced'],
    ['left', null, 'room_not_read'],
  ] as const)('decides nothing, and moderators are told: %s', async (_, traits, key) => {
    room.traits = traits
    room.react('✅')
    const listener = aListener()
    expect(await listener.once()).toBeGreaterThan(0)
    expect(await state()).toBe('requested')
    expect(await announced()).toEqual([key])
    room.traits = FIT
    await listener.once()
    expect(await state()).toBe('approved')
    expect(await announced()).toEqual([])
  })

  test('at first, and what was answered there meanwhile in words counts once it does', async () => {
    room.traits = null
    const listener = aListener()
    await listener.once()
    room.events.push({ type: 'answer', eventId: '$deny', sender: ANNA, target, text: 'deny: spam' })
    room.traits = FIT
    await listener.once()
    expect(await state()).toBe('denied')
  })

  test.each([
    ['encrypted', { encrypted: true }, 'room_encrypted'],
    ['with members of other servers', { otherServers: ['other.test'] }, 'room_other_servers'],
  ])('in part is told, and decides: %s', async (_, traits, key) => {
    room.traits = { ...FIT, ...traits }
    room.react('✅')
    await aListener().once()
    expect(await state()).toBe('approved')
    expect(await announced()).toEqual([key])
  })

  test('because it is encrypted says so in the room, once', async () => {
    room.traits = { ...FIT, encrypted: true }
    const said = () =>
      world.standIn
        .room(ROOM)
        ?.messages.filter(({ content }) => JSON.stringify(content).includes('is encrypted'))
    await aListener('one').once()
    await world.drain()
    world.pass(HOUR)
    await aListener('one').once()
    await world.drain()
    expect(said()).toHaveLength(1)
    expect(JSON.stringify(said()?.[0]?.content)).not.toContain('m.thread')
  })

  test.each([
    ['encrypted', { type: 'encrypted' }, { ...FIT, encrypted: true }, 'room_encrypted'],
    [
      'replaced',
      { type: 'replaced', by: '!new:example.test' },
      { ...FIT, replacedBy: '!new:example.test' },
      'room_replaced',
    ],
  ] as const)('is noticed when it becomes so: %s', async (_, event, traits, key) => {
    const listener = aListener()
    await listener.once()
    room.traits = traits
    room.events.push({ ...event, eventId: '$event', sender: ANNA })
    await listener.once()
    await listener.once()
    expect(await announced()).toEqual([key])
  })

  test('from which the account is taken out is noticed, and read again once it is back', async () => {
    const listener = aListener()
    await listener.once()
    room.left = true
    room.traits = null
    await listener.once()
    await listener.once()
    expect(await announced()).toEqual(['room_not_read'])
    room.left = false
    room.traits = FIT
    room.react('✅')
    await listener.once()
    expect(await state()).toBe('approved')
    expect(await announced()).toEqual([])
  })
})
