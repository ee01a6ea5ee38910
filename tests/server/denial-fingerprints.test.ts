import { readFileSync } from 'node:fs'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aPolicy } from '../support/registration'
import { aBrowser, aModerator, aWorld, requested, verified, type TestWorld } from '../support/world'
import { DAY } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const cleanUp = () => world.services.scheduler.cleanUp({ dryRun: false })

async function deny(name: string, category: string | null, email?: string): Promise<string> {
  const { view } = await requested(world, name, email)
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id: view.id })
  await api.moderation.decide({
    id: view.id,
    version,
    decision: 'deny',
    message: '',
    silent: true,
    ...(category === null ? {} : { category }),
  })
  await world.drain()
  return view.id
}

/** Denied, and thirty days later gone. */
async function denyAndForget(name: string, category: string | null, email?: string): Promise<void> {
  await deny(name, category, email)
  world.pass(30 * DAY)
  await cleanUp()
}

async function memoryOf(name: string, email?: string) {
  const { view } = await requested(world, name, email)
  return (await world.services.signals.about(view.id))?.memory
}

describe('when the data of a denied registration is gone', () => {
  test('one like it is known again: by mailbox however written, by look of the name, by network', async () => {
    await denyAndForget('billings', 'spam', 'bill.ings@gmail.com')
    await denyAndForget('pills', null, 'b.illings+two@googlemail.com')
    expect(await memoryOf('b1llings', 'billings+x@gmail.com')).toEqual({
      count: 2,
      mailbox: 2,
      network: 2,
      name: 1,
      categories: ['spam'],
    })
    const { api } = aBrowser(world.services, { clientAddress: '198.51.100.9' })
    await api.registration.start({ username: 'somebody', email: 'somebody@mail.test' })
    await world.drain()
    const { link } = world.mailbox.last('somebody@mail.test', 'verification')
    const { id } = await api.verification.confirm({ token: link.split('/').at(-1) ?? '' })
    expect((await world.services.signals.about(id))?.memory).toBeNull()
  })

  test('the list says it as the request does: each denial counts once, however many traits it shares', async () => {
    await denyAndForget('billings', 'spam', 'bill.ings@gmail.com')
    await denyAndForget('pills', null, 'b.illings+two@googlemail.com')
    const alike = await requested(world, 'b1llings', 'billings+x@gmail.com')
    const { api } = await aModerator(world.services)
    const [listed] = (await api.moderation.queue({ tab: 'waiting' })).items
    expect(listed).toMatchObject({ id: alike.view.id, denied: 2 })
    expect((await world.services.signals.about(alike.view.id))?.memory?.count).toBe(2)
  })

  test('nothing in the database says whose it was', async () => {
    await denyAndForget('swampthing', 'spam', 'swampthing@odd-domain.test')
    const client = createClient({ url: world.url })
    const { rows } = await client.execute('select * from memories')
    expect(rows).toHaveLength(3)
    expect(JSON.stringify(rows)).not.toMatch(/swamp|odd-domain|203\.0\.113/)
    for (const row of rows) expect(row['hash']).toMatch(/^[\w-]{43}$/)
    expect(new Set(rows.map(({ denial }) => denial)).size).toBe(1)
    expect(JSON.stringify((await client.execute('select registration_id from events')).rows)).not.toContain(
      String(rows[0]?.['denial']),
    )
    await client.execute('pragma wal_checkpoint(truncate)')
    client.close()
    const file = readFileSync(new URL(world.url).pathname).toString('latin1')
    expect(file).not.toContain('odd-domain')
  })

  test('it is forgotten after 180 days, in any case', async () => {
    await denyAndForget('billings', 'spam')
    world.pass(180 * DAY - 1000)
    await cleanUp()
    expect((await memoryOf('billings'))?.count).toBe(1)
    world.pass(2000)
    await cleanUp()
    const client = createClient({ url: world.url })
    expect((await client.execute('select count(*) as n from memories')).rows[0]?.['n']).toBe(0)
    client.close()
  })

  test('an operator can have nothing remembered', async () => {
    await world.dispose()
    world = await aWorld({ retention: { ...aPolicy().retention, fingerprints: 0 } })
    await denyAndForget('billings', 'spam')
    expect(await memoryOf('billings')).toBeNull()
  })

  test('another secret key knows nobody again', async () => {
    await denyAndForget('billings', 'spam')
    const { view } = await requested(world, 'billings')
    const other = world.another({ secretKey: 'another secret' })
    expect((await other.signals.about(view.id))?.memory).toBeNull()
    expect((await world.services.signals.about(view.id))?.memory?.count).toBe(1)
  })
})

test('of what was not denied nothing is remembered', async () => {
  await verified(world, 'brook')
  world.pass(3 * DAY)
  await cleanUp()
  const { api } = await requested(world, 'creek')
  await api.registration.withdraw({})
  await world.drain()
  world.pass(31 * DAY)
  await cleanUp()
  const client = createClient({ url: world.url })
  expect((await client.execute('select count(*) as n from memories')).rows[0]?.['n']).toBe(0)
  client.close()
})
