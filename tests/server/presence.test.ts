import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Services } from '$lib/server/app'
import { aBrowser, aModerator, aWorld, requested, type TestWorld } from '../support/world'

/**
 * Who has what open, as pages tell it: a page load by an ID of its own, then the connection of that page, in its place,
 * until it ends.
 */
let world: TestWorld
let ids: { river: string; brook: string }
let bob: Awaited<ReturnType<typeof aModerator>>
type Tell = (what: { id: string | null; page?: string; stream?: string }) => Promise<void>
let look: Tell

beforeAll(async () => {
  world = await aWorld()
  const [river, brook] = [await requested(world, 'river'), await requested(world, 'brook')]
  ids = { river: river.view.id, brook: brook.view.id }
  bob = await aModerator(world.services, 'bob')
})
afterAll(() => world.dispose())
beforeEach(async () => {
  // What an earlier test left has expired.
  world.pass(60_000)
  look = (await aModerator(world.services)).api.moderation.look
})

const looked = async () => {
  const { items } = await bob.api.moderation.queue({ tab: 'waiting' })
  return items.flatMap(({ username, looking }) => looking.map(() => username)).sort()
}

/** A page that was loaded, and follows the queue. */
async function opened(id: string, page: string, say = look) {
  await say({ id, page })
  await say({ id, page, stream: `of ${page}` })
  return { end: () => say({ id: null, page, stream: `of ${page}` }) }
}

describe.each([
  ['the same request', 'river', 'river'],
  ['different requests', 'river', 'brook'],
] as const)('two tabs of one moderator on %s', (_, one, other) => {
  test.each([
    ['the first', 0],
    ['the second', 1],
  ] as const)('%s ends, and the other one’s stays', async (_name, which) => {
    const tabs = [await opened(ids[one], 'a'), await opened(ids[other], 'b')]
    const names = [one, other]
    await tabs[which]?.end()
    expect(await looked()).toEqual([names[1 - which]])
    await tabs[1 - which]?.end()
    expect(await looked()).toEqual([])
  })

  test('a connection takes over from its own page alone', async () => {
    const first = await opened(ids[one], 'a')
    // Loaded, and the connection of another page comes first.
    await look({ id: ids[other], page: 'b' })
    await look({ id: ids[one], page: 'a', stream: 'again' })
    await first.end()
    await look({ id: null, page: 'a', stream: 'again' })
    expect(await looked()).toEqual([other])
    await look({ id: ids[other], page: 'b', stream: 'of b' })
    await look({ id: null, page: 'b', stream: 'of b' })
    expect(await looked()).toEqual([])
  })

  test('a page without JavaScript expires, and the other one’s connection keeps what it says', async () => {
    await look({ id: ids[one], page: 'a' })
    const second = await opened(ids[other], 'b')
    expect(await looked()).toEqual([...new Set([one, other])].sort())
    world.pass(30_000)
    await look({ id: ids[other], page: 'b', stream: 'of b' })
    world.pass(30_000)
    expect(await looked()).toEqual([other])
    await second.end()
    expect(await looked()).toEqual([])
  })

  test('each is served by a process of its own', async () => {
    const { id } = await aModerator(world.services)
    const there = world.another()
    const moderator = { id, username: 'cleo', role: 'moderator', shortcuts: false, lately: true } as const
    const at = (services: Services) => aBrowser(services, { moderator }).api.moderation.look
    const first = await opened(ids[one], 'a', at(world.services))
    const second = await opened(ids[other], 'b', at(there))
    await first.end()
    expect(await looked()).toEqual([other])
    await second.end()
    expect(await looked()).toEqual([])
  })
})

test('the end of a page that was reloaded comes late, and leaves what it became', async () => {
  const before = await opened(ids.river, 'a')
  await look({ id: ids.river, page: 'b' })
  await before.end()
  expect(await looked()).toEqual(['river'])
  const after = await opened(ids.river, 'b')
  await before.end()
  expect(await looked()).toEqual(['river'])
  await after.end()
  expect(await looked()).toEqual([])
})

test('a connection that was lost ends after the next one of its page began', async () => {
  const first = await opened(ids.river, 'a')
  await look({ id: ids.river, page: 'a', stream: 'next' })
  await first.end()
  expect(await looked()).toEqual(['river'])
  await look({ id: null, page: 'a', stream: 'next' })
  expect(await looked()).toEqual([])
})

test('going on to another request and back leaves one of them', async () => {
  const there = await opened(ids.river, 'a')
  await there.end()
  const next = await opened(ids.brook, 'b')
  expect(await looked()).toEqual(['brook'])
  await next.end()
  await look({ id: ids.river, page: 'c', stream: 'of c' })
  expect(await looked()).toEqual(['river'])
})

test('a page that cannot connect says itself that it is there, and that it is gone', async () => {
  const other = await opened(ids.river, 'a')
  await look({ id: ids.brook, page: 'b' })
  world.pass(30_000)
  await look({ id: ids.brook, page: 'b' })
  world.pass(30_000)
  expect(await looked()).toEqual(['brook'])
  await look({ id: null, page: 'b' })
  expect(await looked()).toEqual([])
  await other.end()
})
