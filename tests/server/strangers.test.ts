import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventKind } from '$lib/registration/registration'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, verified, type TestWorld } from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const run = async (sql: string) => {
  const client = createClient({ url: world.url })
  try {
    return (await client.execute(sql)).rows.map((row) => ({ ...row }))
  } finally {
    client.close()
  }
}
const cleanUp = () => world.services.scheduler.cleanUp({ dryRun: false })
/** What the audit trail has of a kind: how many by themselves, and how many more it says there were. */
async function trail(kind: EventKind) {
  const rows = await run(`select json_extract(detail, '$.more') as more from events where kind = '${kind}'`)
  const more = rows.map((row) => row['more']).filter((one) => one !== null)
  return { single: rows.length - more.length, more }
}
const tallied = async (kind: EventKind) =>
  (await run(`select sum(count) as sum from tallies where what = 'event:${kind}'`))[0]?.['sum'] ?? 0

describe('what strangers do again and again', () => {
  /** A sign-in from a network of its own, by any of two processes. */
  async function guess(number: number, username: string): Promise<void> {
    const services = number % 2 === 0 ? world.services : world.another()
    const { api } = aBrowser(services, { clientAddress: `198.51.${number >> 8}.${number & 255}` })
    await codeOf(api.session.signIn({ username, password: 'wrong' }))
  }

  test('unknown names that sign in stand in the trail twenty times a day, and as a number', async () => {
    for (let number = 0; number < 60; number++) await guess(number, `nobody${number}`)
    expect(await trail('sign_in_failed')).toEqual({ single: 20, more: [] })
    await cleanUp()
    expect(await trail('sign_in_failed')).toEqual({ single: 20, more: [40] })
    await guess(61, 'somebody')
    world.pass(HOUR)
    await cleanUp()
    expect(await trail('sign_in_failed')).toEqual({ single: 20, more: [40, 1] })
    expect(await tallied('sign_in_failed')).toBe(61)
    world.pass(DAY)
    await guess(62, 'somebody')
    expect(await trail('sign_in_failed')).toEqual({ single: 21, more: [40, 1] })
  }, 30_000)

  test('each known account has a sample of its own, by the hour', async () => {
    const [ada, bob] = [await aModerator(world.services, 'ada'), await aModerator(world.services, 'bob')]
    const fail = (id: string) =>
      world.services.auditLog.note([{ kind: 'sign_in_failed' }], { kind: 'moderator', id })
    for (let number = 0; number < 25; number++) await fail(ada.id)
    await fail(bob.id)
    await cleanUp()
    expect(await trail('sign_in_failed')).toEqual({ single: 11, more: [15] })
    const told = await run(`select moderator_id, actor from events where detail like '%more%'`)
    expect(told).toEqual([{ moderator_id: ada.id, actor: 'moderator' }])
    await fail(ada.id)
    world.pass(HOUR)
    await fail(ada.id)
    // The one more of the hour before is told as soon as the next begins.
    expect(await trail('sign_in_failed')).toEqual({ single: 12, more: [15, 1] })
  })

  test('what a moderator may not do is in the trail, and does not drown it', async () => {
    const { api } = await aModerator(world.services, 'bob')
    for (let number = 0; number < 50; number++)
      expect(await codeOf(api.moderators.list())).toBe('role_too_low')
    await cleanUp()
    expect(await trail('access_refused')).toEqual({ single: 20, more: [30] })
  })

  test('an applicant who does the same again and again, too', async () => {
    const { api } = await verified(world, 'river')
    for (let number = 0; number < 30; number++)
      await aBrowser(world.services).api.registration.sendLink({ email: 'river@mail.test' })
    expect((await api.registration.current())?.state).toBe('verified')
    await cleanUp()
    expect(await trail('link_asked')).toEqual({ single: 20, more: [10] })
    const [row] = await run(`select registration_id from events where detail like '%more%'`)
    expect(row?.['registration_id']).not.toBeNull()
  })

  test('what was counted is forgotten when its day is over, and a clock that went back begins anew', async () => {
    await guess(1, 'nobody')
    expect(await run('select kind from event_surplus')).toHaveLength(1)
    world.pass(-3 * DAY)
    await guess(2, 'nobody')
    expect((await run('select written, since from event_surplus'))[0]).toEqual({
      written: 1,
      since: world.now(),
    })
    world.pass(2 * DAY)
    await cleanUp()
    expect(await run('select kind from event_surplus')).toEqual([])
  })

  test('the page says how many more there were', async () => {
    const { api, id } = await aModerator(world.services)
    for (let number = 0; number < 12; number++)
      await world.services.auditLog.note([{ kind: 'sign_in_failed' }], { kind: 'moderator', id })
    await cleanUp()
    const { events, keptDays } = await api.auditLog.page({ what: 'sign_ins' })
    expect(events[0]).toMatchObject({ kind: 'sign_in_failed', detail: { more: 2 } })
    expect(keptDays).toBe(365)
  })
})
