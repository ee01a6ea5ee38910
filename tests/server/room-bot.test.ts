import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BotStore } from '$lib/moderation/room-bot'
import { createBotReader, createBotStore } from '$lib/server/database/room-bot'
import { settings } from '$lib/server/database/schema'
import { connectHomeserver } from '$lib/server/homeserver/connect'
import { startStandIn, type SeenRequest, type StandIn } from '../../src/stand-in/homeserver'
import { openTestDatabase, type TestDatabase } from '../support/database'
import { errorOf } from '../support/homeserver-error'
import { username } from '../support/registration'
import { DOMAIN } from '../support/world'

const TOKEN = 'token'
const SECRET_KEY = 'a key that seals'
const account = username('room-bot')
const userId = `@room-bot:${DOMAIN}`
const room = `#moderators:${DOMAIN}`
const hello = { text: 'One request waits' }

let kept: TestDatabase
let standIn: StandIn

beforeEach(async () => {
  kept = await openTestDatabase()
  standIn = await startStandIn({ domain: DOMAIN, token: TOKEN })
})

afterEach(async () => {
  await standIn.close()
  await kept.dispose()
})

const aStore = (secretKey = SECRET_KEY) =>
  createBotStore({ database: kept.database, secretKey, clock: Date.now })

/** A process that has just started. */
const connected = (store: BotStore = aStore()) =>
  connectHomeserver({
    url: standIn.url,
    domain: DOMAIN,
    token: TOKEN,
    verifyCert: true,
    timeout: 5_000,
    mas: null,
    bot: { account, store },
  })
const say = (store?: BotStore) => connected(store).homeserver.sendMessage(room, 'job-1', hello)
const said = () => standIn.room(room)?.messages.map(({ sender }) => sender)
const rows = () => kept.database.read((reader) => reader.select().from(settings))

/** Notes every request that changes something. */
function record(): SeenRequest[] {
  const seen: SeenRequest[] = []
  standIn.faults = (request) => void (request.method !== 'GET' && seen.push(request))
  return seen
}

describe('a process that is killed', () => {
  class Killed extends Error {}

  /** Dies at the step with this number, of all that change something here or there; answers whether it came so far. */
  async function dieAt(step: number, when: 'before' | 'after'): Promise<boolean> {
    let at = 0
    let dead = false
    const reach = () => {
      dead ||= ++at === step
      return dead && at === step
    }
    standIn.faults = ({ method }) => {
      if (dead) return 'cut'
      if (method === 'GET' || !reach()) return undefined
      return when === 'before' ? 'cut' : 'lost'
    }
    const store = aStore()
    const dying: BotStore = {
      find: store.find,
      async update(localpart, change) {
        const dies = reach()
        if (dead && (!dies || when === 'before')) throw new Killed()
        const next = await store.update(localpart, change)
        if (dies) throw new Killed()
        return next
      },
    }
    await say(dying).catch((error: unknown) => {
      if (!dead) throw error
    })
    standIn.faults = undefined
    return dead
  }

  test.each(['before', 'after'] as const)(
    '%s any step goes on with its own account, and speaks once',
    async (when) => {
      let steps = 0
      while (await dieAt(steps + 1, when)) {
        steps++
        await say()
        expect(said(), `step ${steps}`).toEqual([userId])
        expect(await aStore().find(account)).toMatchObject({ state: 'made', token: expect.any(String) })
        await standIn.close()
        standIn = await startStandIn({ domain: DOMAIN, token: TOKEN })
        await aStore().update(account, () => null)
      }
      // It is claimed in three steps, gets its token in three, and sends, which takes two more where it has to come in.
      expect(steps).toBeGreaterThanOrEqual(9)
    },
  )
})

describe('an account that was there before', () => {
  test('is asked for, and nothing else is done to it', async () => {
    await connected().homeserver.claim(account)
    const before = structuredClone(standIn.users.get(userId))
    const seen = record()
    for (let attempt = 0; attempt < 3; attempt++)
      expect(await errorOf(say())).toMatchObject({ kind: 'refused', permanent: true, outage: false })
    expect(
      seen.filter(({ path }) => path.includes(account)).map(({ method, body }) => [method, body]),
    ).toEqual(Array.from({ length: 3 }, () => ['PUT', '{}']))
    expect(standIn.users.get(userId)).toEqual(before)
    expect(await rows()).toEqual([])
  })

  test.each<[string, (user: NonNullable<ReturnType<StandIn['users']['get']>>) => unknown]>([
    ['is older than our attempt', (user) => (user.createdAt -= 10_000)],
    ['is locked', (user) => (user.locked = true)],
    ['was used', (user) => (user.lastSeenAt = Date.now())],
    ['is an administrator’s', (user) => (user.admin = true)],
  ])('and %s is not taken for what an interrupted attempt made', async (_, change) => {
    await aStore().update(account, () => ({
      state: 'claiming',
      claimedAt: Date.now(),
      token: null,
      tokenAt: null,
    }))
    await connected().homeserver.claim(account)
    const user = standIn.users.get(userId)
    if (user === undefined) throw new Error('It is not there')
    change(user)
    expect((await errorOf(say())).message).toContain('was not made by this program')
    expect(said()).toEqual([])
  })

  test('is nobody’s business where another service manages the accounts', async () => {
    await standIn.close()
    standIn = await startStandIn({ domain: DOMAIN, token: TOKEN, delegatesTo: 'https://auth.test/' })
    expect(await errorOf(say())).toMatchObject({ kind: 'delegated' })
    expect(standIn.users.has(userId)).toBe(false)
  })
})

test('two processes that begin at once make one account and use one token, and speak once', async () => {
  for (let round = 0; round < 5; round++) {
    const processes = [connected(), connected(), connected()]
    await Promise.all(processes.map(({ homeserver }) => homeserver.sendMessage(room, 'job-1', hello)))
    expect(said()).toEqual([userId])
    const tokens = await Promise.all(processes.map(({ bot }) => bot?.access.current()))
    const keptToken = (await aStore().find(account))?.token
    expect(tokens, 'the homeserver knows a repeat by its token').toEqual(processes.map(() => keptToken))
    await standIn.close()
    standIn = await startStandIn({ domain: DOMAIN, token: TOKEN })
    await aStore().update(account, () => null)
  }
})

test('the error of those who wait for its token together names none of them', async () => {
  const { homeserver } = connected()
  standIn.faults = ({ path }) => (path.endsWith('/login') ? 'cut' : undefined)
  const told = await Promise.all(
    ['alice', 'bob'].map((name) => errorOf(homeserver.directRoom(username(name), name))),
  )
  for (const { message } of told) expect(message).not.toMatch(/alice|bob/)
})

test('its token is sealed where it is kept, and made anew where it cannot be read', async () => {
  await say()
  const token = (await aStore().find(account))?.token ?? ''
  expect(token).toMatch(/^syt_/)
  const [row, ...others] = await rows()
  expect(row?.key).toBe(`room_bot ${account}`)
  expect(others).toEqual([])
  expect(JSON.stringify(row)).not.toContain(token)
  const elsewhere = aStore('another key')
  expect(await elsewhere.find(account)).toMatchObject({ state: 'made', token: null })
  await say(elsewhere)
  expect((await elsewhere.find(account))?.token).not.toBe(token)
})

test('on a homeserver that was restored from before it was made, it is made again', async () => {
  await say()
  const { users, rooms } = standIn
  users.delete(userId)
  rooms.forEach(({ members }) => members.delete(userId))
  const store = aStore()
  await store.update(account, (now) => now && { ...now, token: null })
  await connected(store).homeserver.sendMessage(room, 'job-2', hello)
  expect(users.has(userId)).toBe(true)
})

test('a check reads its token, makes none, and no account either', async () => {
  const check = () =>
    connectHomeserver({
      url: standIn.url,
      domain: DOMAIN,
      token: TOKEN,
      verifyCert: true,
      mas: null,
      mayCreate: false,
      bot: { account, store: createBotReader({ url: kept.url, secretKey: SECRET_KEY }) },
    })
  const seen = record()
  const ask = async () => (await check().bot?.whoAmI()) ?? ''
  expect(await errorOf(ask())).toMatchObject({ kind: 'missing' })
  expect(seen).toEqual([])
  standIn.faults = undefined
  await say()
  const before = await rows()
  record()
  expect(await ask()).toBe(userId)
  await aStore().update(account, (now) => now && { ...now, token: null })
  expect((await errorOf(ask())).message).toContain('has no access token yet')
  await aStore().update(account, (now) => now && { ...now, token: 'syt_of_nobody' })
  expect(await errorOf(ask())).toMatchObject({ kind: 'token', outage: false })
  expect(before).toHaveLength(1)
})
