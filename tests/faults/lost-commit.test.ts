import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutcomeUnknown } from '$lib/server/database/commit-once'
import { openDatabase, type Database } from '$lib/server/database/open'
import { isDatabaseOutage } from '$lib/server/database/problem'
import { attempts } from '$lib/server/database/schema'
import { startSqld } from '../support/sqld'
import { startFaultyProxy, type FaultyProxy, type Passing } from './faulty-proxy'

/** A real libSQL server whose answers get lost on the way: what was written is written once, and whoever asked hears it. */
let server: Awaited<ReturnType<typeof startSqld>>
let proxy: FaultyProxy
let database: Database
let warned: { works: number; reason: string }[]
beforeEach(async () => {
  server = await startSqld()
  proxy = await startFaultyProxy(server.url)
  warned = []
  const log = { warn: (facts: { works: number; reason: string }) => void warned.push(facts) }
  database = await openDatabase({ url: proxy.url, retryWaits: [50, 50, 50], log })
  await database.migrate()
})
afterEach(async () => {
  database.close()
  await proxy.close()
  await server.stop()
})

const KEYS = ['a', 'b', 'c', 'd', 'e']
const add = (key: string) =>
  database.write(async (tx) => {
    await tx.insert(attempts).values({ key, at: 1 })
    return key
  })
/** What is in the database, asked past the proxy. */
async function kept(): Promise<string[]> {
  const direct = await openDatabase({ url: server.url })
  const rows = await direct.read((reader) => reader.select().from(attempts))
  direct.close()
  return rows.map(({ key }) => key).sort()
}
const isCommit = ({ body }: Passing) => body.includes('COMMIT')
/** The first call of a kind alone. */
function first(which: (call: Passing) => boolean): (call: Passing) => boolean {
  let met = false
  return (call) => !met && which(call) && (met = true)
}

describe.each([
  ['one write', ['a']],
  ['writes that came together', KEYS],
])('%s', (_, keys) => {
  test.each(['lost', 'half', 'garbled'] as const)(
    'is done once where the answer to it is %s',
    async (fault) => {
      await proxy.break(fault, first(isCommit))
      expect(await Promise.all(keys.map(add))).toEqual(keys)
      expect(proxy.hits()).toBe(1)
      expect(await kept()).toEqual(keys)
      expect(warned).toEqual([])
    },
  )

  test('is done once where the commit did not arrive', async () => {
    await proxy.break('cut', first(isCommit))
    const ends = await Promise.allSettled(keys.map(add))
    const done = keys.filter((_key, index) => ends[index]?.status === 'fulfilled')
    expect(await kept()).toEqual(done)
    if (keys.length > 1) {
      expect(done).toEqual(keys)
      expect(warned).toMatchObject([
        { works: expect.any(Number), reason: expect.stringContaining('database') },
      ])
    }
  })

  test('is not done again where nobody can say whether it was, and who asked hears of an outage', async () => {
    const thenOut = first(isCommit)
    await proxy.break('lost', (call) => {
      const isIt = thenOut(call)
      if (isIt) queueMicrotask(() => void proxy.break('cut', () => true))
      return isIt
    })
    const ends = await Promise.allSettled(keys.map(add))
    expect(ends.map(({ status }) => status)).toEqual(keys.map(() => 'rejected'))
    const reasons = ends.map((end): unknown => (end.status === 'rejected' ? end.reason : null))
    for (const reason of reasons) expect(isDatabaseOutage(reason)).toBe(true)
    // Those that came with the lost commit; what waited behind it was not begun.
    const unknown = keys.filter((_key, index) => reasons[index] instanceof OutcomeUnknown)
    expect(unknown.length).toBeGreaterThan(0)
    await proxy.mend()
    expect(await kept()).toEqual(unknown)
    expect(await add('later')).toBe('later')
    expect(await kept()).toEqual([...unknown, 'later'])
  })
})

test('a writer leaves one row, which another one takes away when it is a day old', async () => {
  for (const key of KEYS) await add(key)
  const writers = (of: Database) =>
    of.read((reader) =>
      reader.all<{ key: string }>(
        sql`select key from settings where key like 'writer %' order by changed_at`,
      ),
    )
  expect(await writers(database)).toHaveLength(1)
  await database.write((tx) =>
    tx.run(sql`insert into settings (key, value, changed_at) values ('writer old', '""', 1)`),
  )
  expect(await writers(database)).toHaveLength(2)
  const other = await openDatabase({ url: server.url })
  await other.write((tx) => tx.insert(attempts).values({ key: 'z', at: 1 }))
  expect(await writers(other)).toHaveLength(2)
  expect(await writers(other)).not.toContainEqual(expect.objectContaining({ key: 'writer old' }))
  other.close()
})
