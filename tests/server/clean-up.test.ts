import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { putAccount } from '$lib/server/database/accounts'
import { insertRegistration } from '$lib/server/database/registrations'
import { createScheduler } from '$lib/server/jobs/scheduler'
import { decideOn } from '../support/decide'
import { otherProcess } from '../support/other-process'
import { aRegistration, email, NOON, username } from '../support/registration'
import { aWorld, REASON, requested, verified, type TestWorld } from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const run = async (sql: string) => {
  const client = createClient({ url: world.url })
  try {
    return await client.execute(sql)
  } finally {
    client.close()
  }
}
const path = () => fileURLToPath(world.url)
const cleanUp = () => world.services.scheduler.cleanUp({ dryRun: false })

/** In which files of the database's folder a text stands, in any case. */
function filesWith(text: string): string[] {
  const folder = dirname(path())
  return readdirSync(folder).filter((name) =>
    readFileSync(join(folder, name))
      .toString('latin1')
      .toLowerCase()
      .includes(Buffer.from(text).toString('latin1').toLowerCase()),
  )
}

/** The same clean-up, with what it says in its log. */
function loggedScheduler() {
  const lines: string[] = []
  const scheduler = createScheduler({
    database: world.database,
    registrar: world.services.registrar,
    jobQueue: world.services.jobQueue,
    retention: world.config.retention,
    remindAfterHours: 48,
    notifyPersons: () => Promise.resolve(),
    deleteExpired: () => Promise.resolve(),
    clock: world.now,
    log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
    onWork: () => undefined,
  })
  return { cleanUp: () => scheduler.cleanUp({ dryRun: false }), lines }
}

describe('what was deleted', () => {
  const PERSONAL = ['noticeable@mail.test', REASON, 'café', '203.0.113.7', 'Words of a moderator']

  test('stands in no file of the database any more', async () => {
    const applicant = await requested(world, 'verynoticeable', 'noticeable@mail.test')
    await decideOn(world, applicant.view.id, 'deny', { message: 'Words of a moderator' })
    for (const text of PERSONAL) expect(filesWith(text), text).toContain('test.db-wal')
    world.pass(31 * DAY)
    await cleanUp()
    for (const text of PERSONAL) expect(filesWith(text), text).toEqual([])
    await world.drain()
    // The job that took the account away names it for a day.
    world.pass(2 * DAY)
    await cleanUp()
    expect(filesWith('verynoticeable')).toEqual(['test.db'])
    expect((await run('select localpart, state from accounts')).rows).toMatchObject([{ state: 'removed' }])
  })

  test('nor do words that others share, or an address that was replaced', async () => {
    for (const name of ['birch', 'cedar', 'maple']) await requested(world, name, `${name}@mail.test`)
    const changes = [
      `email = 'mistyped@elsewhere.test' where username = 'birch'`,
      `email = 'birch@mail.test' where username = 'birch'`,
      `reason = 'Otters and herons' where username = 'cedar'`,
      `state = 'withdrawn', state_since = 0 where username = 'cedar'`,
    ]
    for (const change of changes)
      await world.database.write((tx) => tx.run(`update registrations set ${change}`))
    await cleanUp()
    for (const text of ['mistyped', 'elsewhere', 'otters', 'herons'])
      expect(filesWith(text), text).toEqual([])
    const found = await run(`select username from search where search match 'mail'`)
    expect(found.rows.map(({ username }) => username)).toEqual(['birch', 'maple'])
    await run(`insert into search (search) values ('integrity-check')`)
  })

  test('stays in the log while another program reads, is told, and goes with the next clean-up', async () => {
    await verified(world, 'verynoticeable', 'noticeable@mail.test')
    const { cleanUp, lines } = loggedScheduler()
    const reader = await otherProcess(path(), ['BEGIN', 'SELECT count(*) FROM registrations'])
    world.pass(3 * DAY)
    await cleanUp()
    expect(lines.join()).toContain('could not be emptied')
    expect(filesWith('noticeable@mail.test')).not.toEqual([])
    await reader.end()
    lines.length = 0
    await cleanUp()
    expect(lines).toEqual([])
    expect(filesWith('noticeable@mail.test')).toEqual([])
  }, 20_000)

  test.each([
    ['a file of this program', 'incremental'],
    ['a file of a time before pages were given back', 'none'],
  ])(
    'leaves no empty pages behind: %s',
    async (_what, mode) => {
      await world.database.compact()
      if (mode === 'none') {
        const client = createClient({ url: world.url })
        await client.execute('PRAGMA auto_vacuum = NONE')
        await client.execute('VACUUM')
        client.close()
      }
      const many = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
      insert into attempts (key, at) select hex(randomblob(16)), ${world.now()} from n`
      await run(many)
      await cleanUp()
      const size = () => statSync(path()).size
      const before = size()
      expect(before).toBeGreaterThan(2_000_000)
      world.pass(2 * DAY)
      await cleanUp()
      expect(size()).toBeLessThan(before / 2)
      expect(size() + statSync(`${path()}-wal`).size).toBeLessThan(before / 2)
      // And the next time as well.
      await run(many)
      await cleanUp()
      world.pass(2 * DAY)
      await cleanUp()
      expect(size()).toBeLessThan(before / 2)
    },
    30_000,
  )
})

describe('the audit trail', () => {
  const seqs = async () =>
    (await run('select seq from events where seq > 1000 order by seq')).rows.map(({ seq }) => seq)

  test('ends after a year, but not before a registration that it is about', async () => {
    const { view } = await requested(world, 'river')
    const at = (days: number) => world.now() - days * DAY
    await run(`insert into events (seq, registration_id, at, kind, actor) values
      (1001, 'long-gone', ${at(366)}, 'gone', 'system'), (1002, null, ${at(366)}, 'sign_in_failed', 'system'),
      (1003, null, ${at(364)}, 'sign_in_failed', 'system'), (1004, '${view.id}', ${at(366)}, 'started', 'applicant')`)
    await world.services.scheduler.cleanUp({ dryRun: true })
    expect(await seqs()).toEqual([1001, 1002, 1003, 1004])
    await cleanUp()
    expect(await seqs()).toEqual([1003, 1004])
    await run(`delete from registrations`)
    world.pass(2 * DAY)
    await cleanUp()
    expect(await seqs()).toEqual([])
  })

  test('keeps the last 30 days, however far this program thinks time went', async () => {
    await run(
      `insert into events (seq, at, kind, actor) values (1001, ${Date.now() - 29 * DAY}, 'gone', 'system')`,
    )
    world.pass(Date.now() - world.now() + 5000 * DAY)
    await cleanUp()
    expect(await seqs()).toEqual([1001])
    const { rows } = await run('select before from history_boundary')
    expect(Number(rows[0]?.['before'])).toBeLessThan(Date.now() - 29 * DAY)
  })

  test('is cut off in slices, however much is too old', async () => {
    await run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
      insert into events (at, kind, actor) select ${world.now() - 400 * DAY}, 'sign_in_failed', 'system' from n`)
    await cleanUp()
    expect((await run(`select seq from events where kind = 'sign_in_failed'`)).rows).toEqual([])
  })
})

describe('nobody is forgotten because many come before', () => {
  const MANY = 230
  const names = Array.from({ length: MANY }, (_, index) => username(`river${index}`))

  test('each approval that waits for its password is reminded of', async () => {
    await world.database.write(async (tx) => {
      for (const [index, name] of names.entries())
        await insertRegistration(
          tx,
          aRegistration({
            id: `r${index}`,
            state: 'approved',
            username: name,
            email: email(`river${index}@mail.test`),
            stateSince: NOON - 8 * DAY,
          }),
        )
    })
    await world.services.scheduler.remind()
    expect((await run('select id from registrations where reminded_at is null')).rows).toEqual([])
  })

  test('each job that failed for the same reason is tried again', async () => {
    await run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 5010)
      insert into jobs (id, lane, kind, payload, state, run_at, error, created_at) select 'j' || i, 'mail', 'notify_moderators',
      '{"since":0,"reminder":false}', 'failed', 0, iif(i % 1000 = 7, 'Another reason', 'The server is full'), 0 from n`)
    const { jobResults } = world.services
    expect(await jobResults.retryAlike('j1', { kind: 'moderator', id: 'm1' })).toBe(5004)
    expect((await run(`select id from jobs where state = 'failed'`)).rows).toHaveLength(6)
    expect(await jobResults.retryAlike('j1', { kind: 'moderator', id: 'm1' })).toBe(0)
  }, 30_000)

  test('each account that was left open is locked', async () => {
    await world.database.write(async (tx) => {
      for (const name of names)
        await putAccount(tx, name, { state: 'claimed', registrationId: null, madeAt: NOON }, NOON)
    })
    world.pass(2 * HOUR)
    await cleanUp()
    const locking = `select id from jobs where kind = 'lock_account'`
    expect((await run(locking)).rows).toHaveLength(MANY)
    await cleanUp()
    expect((await run(locking)).rows).toHaveLength(MANY)
  })

  test('each account that nobody waits for is removed', async () => {
    await world.database.write(async (tx) => {
      for (const name of names)
        await putAccount(tx, name, { state: 'locked', registrationId: null, madeAt: NOON }, NOON)
    })
    world.pass(3 * DAY)
    await cleanUp()
    expect((await run(`select id from jobs where kind = 'remove_account'`)).rows).toHaveLength(MANY)
  })
})
