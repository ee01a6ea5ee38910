import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, requested, verified, type TestWorld } from '../support/world'

let world: TestWorld
let asked: string[]
beforeEach(async () => {
  asked = []
  world = await aWorld(
    {},
    (homeserver) =>
      new Proxy(homeserver, {
        get(target, name) {
          asked.push(String(name))
          return Reflect.get(target, name)
        },
      }),
  )
})
afterEach(() => world.dispose())

const rows = async (table: string) => {
  const client = createClient({ url: world.url, timeout: 5_000 })
  const found = await client.execute(`select count(*) as n from ${table}`)
  client.close()
  return Number(found.rows[0]?.n)
}

/** What a call costs that somebody could measure: transactions, jobs, counted tries, and questions to the homeserver. */
async function workOf(call: () => Promise<unknown>) {
  const [jobs, attempts] = [await rows('jobs'), await rows('attempts')]
  const writes = vi.spyOn(world.database, 'write')
  asked.length = 0
  const answer = await call()
  const work = { answer, writes: writes.mock.calls.length, homeserver: [...asked] }
  writes.mockRestore()
  return { ...work, jobs: (await rows('jobs')) - jobs, attempts: (await rows('attempts')) - attempts }
}

/** One address of each kind that the database can know. */
async function everyAddress(): Promise<Record<string, string>> {
  const begun = aBrowser(world.services, { clientAddress: '203.0.113.8' })
  await begun.api.registration.start({ username: 'begun', email: 'begun@mail.test' })
  await verified(world, 'verified')
  await requested(world, 'waiting')
  const moderator = await aModerator(world.services)
  const denied = await requested(world, 'denied')
  const one = await moderator.api.moderation.registration({ id: denied.view.id })
  const verdict = { id: denied.view.id, version: one.version, message: '', silent: true }
  await moderator.api.moderation.decide({ ...verdict, decision: 'deny', category: null })
  world.pass(60_000)
  await world.drain()
  return Object.fromEntries(
    ['begun', 'verified', 'waiting', 'denied', 'never-seen'].map((kind) => [kind, `${kind}@mail.test`]),
  )
}

describe('whether an address is known is told by its mailbox alone', () => {
  test('a registration that begins does the same work and answers the same', async () => {
    const addresses = await everyAddress()
    const seen = []
    for (const [kind, email] of Object.entries(addresses)) {
      const { api } = aBrowser(world.services, { clientAddress: `198.51.100.${seen.length}` })
      const work = await workOf(() => api.registration.start({ username: `new-${kind}`, email }))
      expect(work.answer).toMatchObject({ username: `new-${kind}`, email })
      seen.push({ kind, ...work, answer: null })
    }
    const [first, ...others] = seen
    for (const other of others) expect(other).toEqual({ ...first, kind: other.kind })
    expect(first).toMatchObject({ jobs: 1, attempts: 10 })
  })

  test('so does the question for another link', async () => {
    const addresses = await everyAddress()
    const seen = []
    for (const [kind, email] of Object.entries(addresses)) {
      const { api } = aBrowser(world.services, { clientAddress: `198.51.100.${seen.length}` })
      const work = await workOf(() => api.registration.sendLink({ email }))
      expect(work.answer).toEqual({ email, mail: expect.any(String) })
      seen.push({ kind, ...work, answer: null })
    }
    const [first, ...others] = seen
    for (const other of others) expect(other).toEqual({ ...first, kind: other.kind })
    expect(first).toMatchObject({ jobs: 1, attempts: 7 })
  })

  test('and takes as long, give or take what a machine does', async () => {
    await requested(world, 'timed')
    const times: Record<string, number[]> = { known: [], unknown: [] }
    for (let round = 0; round < 24; round++)
      for (const [kind, email] of [
        ['known', 'timed@mail.test'],
        ['unknown', `nobody-${round}@mail.test`],
      ] as const) {
        const { api } = aBrowser(world.services, { clientAddress: `10.0.${round}.${kind.length}` })
        world.pass(25 * 60 * 60 * 1000)
        const begun = performance.now()
        await api.registration.sendLink({ email })
        times[kind]?.push(performance.now() - begun)
      }
    const median = (kind: string) => (times[kind] ?? []).sort((a, b) => a - b)[12] ?? 0
    const ratio = median('known') / median('unknown')
    expect(ratio).toBeGreaterThan(0.2)
    expect(ratio).toBeLessThan(5)
  })
})

test('whether a moderator has a name is told by nothing: same answer, same writes, for unknown, wrong and disabled', async () => {
  await aModerator(world.services, 'ada')
  await aModerator(world.services, 'gone')
  await world.services.moderators.disable('gone')
  const seen = []
  for (const [index, username] of ['ada', 'gone', 'nobody', '', "' or ''='"].entries()) {
    const { api } = aBrowser(world.services, { clientAddress: `198.51.100.${index}` })
    seen.push(await workOf(() => codeOf(api.session.signIn({ username, password: 'wrong' }))))
  }
  for (const work of seen) expect(work).toEqual({ ...seen[0], answer: 'sign_in_failed' })
})
