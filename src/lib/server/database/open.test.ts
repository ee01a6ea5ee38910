import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { sql } from 'drizzle-orm'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase, type Database } from './open'
import { isDatabaseOutage } from './problem'
import { announcements } from './schema'

let folder: string
let url: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  url = `file:${join(folder, 'test.db')}`
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Another process takes the write lock; answers what makes it let go. */
async function lockFromOutside(): Promise<() => Promise<void>> {
  const program = `
    import Database from 'libsql'
    const db = new Database(process.argv[1])
    db.exec('begin immediate')
    process.stdout.write('locked')
    process.stdin.once('data', () => { db.exec('commit'); db.close(); process.exit() })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, join(folder, 'test.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.write('go')
    await once(child, 'exit')
  }
}

const note = (database: Database, key: string) =>
  database.write(async (tx) => {
    await tx.insert(announcements).values({ key, text: '', at: 0 })
  })

/** What a process that opens the file anew finds: the truth. */
async function keysInFile(): Promise<string[]> {
  const client = createClient({ url })
  const { rows } = await client.execute('select key from announcements order by key')
  client.close()
  return rows.map((row) => String(row.key))
}

/** A lock that outlasts every retry, then five writes that are acknowledged. */
async function writeAfterBusy(): Promise<{ refused: boolean; acknowledged: string[] }> {
  const database = await openDatabase({ url, retryWaits: [1, 1] })
  await database.migrate()
  const unlock = await lockFromOutside()
  const refused = await note(database, 'while locked').then(
    () => false,
    () => true,
  )
  await unlock()
  const acknowledged: string[] = []
  for (const key of ['a', 'b', 'c', 'd', 'e'])
    await note(database, key).then(
      () => acknowledged.push(key),
      () => undefined,
    )
  database.close()
  return { refused, acknowledged }
}

describe('a database file that another process locks', () => {
  test('a write that stays busy is refused aloud, and every later one that is acknowledged is kept', async () => {
    const { refused, acknowledged } = await writeAfterBusy()
    expect(refused).toBe(true)
    expect(acknowledged).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await keysInFile()).toEqual(acknowledged)
  })

  test('the driver alone loses what it acknowledged: this is what the reconnect is for', async () => {
    const client = createClient({ url })
    await client.execute('create table announcements (key text)')
    const unlock = await lockFromOutside()
    await expect(client.execute("insert into announcements values ('while locked')")).rejects.toThrow(
      /locked/,
    )
    await unlock()
    for (const key of ['a', 'b', 'c'])
      await client.execute({ sql: 'insert into announcements values (?)', args: [key] })
    client.close()
    expect(await keysInFile()).toEqual([])
  })

  test('a write waits for a lock that is let go, without holding up the event loop for long', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const unlock = await lockFromOutside()
    const written = note(database, 'patient')
    let ticks = 0
    const ticking = setInterval(() => ticks++, 10)
    await new Promise((resolve) => setTimeout(resolve, 400))
    await unlock()
    await written
    clearInterval(ticking)
    database.close()
    expect(await keysInFile()).toEqual(['patient'])
    expect(ticks).toBeGreaterThan(5)
  })
})

describe('writes that come together while no transaction can begin are refused as an outage', () => {
  const KEYS = ['a', 'b', 'c', 'd']
  async function refusals(database: Database): Promise<unknown[]> {
    const ends = await Promise.allSettled(KEYS.map((key) => note(database, key)))
    return ends.map((end): unknown => (end.status === 'rejected' ? end.reason : 'written'))
  }

  test('for another process holds the lock', async () => {
    const database = await openDatabase({ url, retryWaits: [1] })
    await database.migrate()
    const unlock = await lockFromOutside()
    for (const refusal of await refusals(database)) expect(isDatabaseOutage(refusal)).toBe(true)
    await unlock()
    await note(database, 'later')
    database.close()
    expect(await keysInFile()).toEqual(['later'])
  })

  test('for the folder is gone, and written again once it is back', async () => {
    const moved = `${folder}-moved`
    let database = await openDatabase({ url, retryWaits: [1] })
    await database.migrate()
    database.close()
    database = await openDatabase({ url, retryWaits: [1] })
    renameSync(folder, moved)
    const refused = await refusals(database)
    const alone = await note(database, 'alone').catch((error: unknown) => error)
    renameSync(moved, folder)
    for (const refusal of [...refused, alone]) expect(isDatabaseOutage(refusal)).toBe(true)
    await note(database, 'later')
    database.close()
    expect(await keysInFile()).toEqual(['later'])
  })

  test.each(['http', 'ws'])('for the server does not answer, by %s', async (protocol) => {
    const database = await openDatabase({ url: `${protocol}://127.0.0.1:9`, retryWaits: [1] })
    for (const refusal of await refusals(database)) expect(isDatabaseOutage(refusal)).toBe(true)
    database.close()
  })

  test.each(['http', 'ws'])('for the server hangs up, by %s, after one try for all', async (protocol) => {
    async function triesOf(write: (database: Database) => Promise<unknown[]>): Promise<number> {
      let connections = 0
      const server = createServer((socket) => {
        connections++
        socket.destroy()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = v.parse(v.object({ port: v.number() }), server.address())
      const database = await openDatabase({ url: `${protocol}://127.0.0.1:${port}`, retryWaits: [1] })
      for (const refusal of await write(database)) expect(isDatabaseOutage(refusal)).toBe(true)
      database.close()
      server.close()
      return connections
    }
    const alone = async (database: Database) => [await note(database, 'a').catch((error: unknown) => error)]
    expect(await triesOf(refusals)).toBe(await triesOf(alone))
  })
})

test('a new database is nobody else’s to read, nor its log', async () => {
  const database = await openDatabase({ url })
  await database.migrate()
  await note(database, 'a')
  const modes = ['test.db', 'test.db-wal'].map((name) => statSync(join(folder, name)).mode & 0o777)
  database.close()
  expect(modes).toEqual([0o600, 0o600])
})

describe('writes of one process', () => {
  test('run one at a time, so that two transactions at once both end', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        database.write(async (tx) => {
          most = Math.max(most, ++inside)
          await tx.insert(announcements).values({ key: String(index), text: '', at: 0 })
          await tx.select().from(announcements)
          inside--
        }),
      ),
    )
    database.close()
    expect(most).toBe(1)
    expect(await keysInFile()).toHaveLength(20)
  })

  test('that throw are rolled back, and the next ones go on', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const broken = database.write(async (tx) => {
      await tx.insert(announcements).values({ key: 'half', text: '', at: 0 })
      throw new Error('stop')
    })
    await expect(broken).rejects.toThrow('stop')
    await note(database, 'next')
    database.close()
    expect(await keysInFile()).toEqual(['next'])
  })

  test('that come together are each all or nothing: one that throws takes no other with it', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const ends = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e'].map((key) =>
        database.write(async (tx) => {
          await tx.insert(announcements).values({ key, text: '', at: 0 })
          if (key === 'c') throw new Error('stop')
          return key
        }),
      ),
    )
    database.close()
    expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))).toEqual([
      'a',
      'b',
      'Error: stop',
      'd',
      'e',
    ])
    expect(await keysInFile()).toEqual(['a', 'b', 'd', 'e'])
  })

  test('that come together with one that breaks the transaction itself are written all the same', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const ends = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((key) =>
        database.write(async (tx) => {
          await tx.insert(announcements).values({ key, text: '', at: 0 })
          if (key === 'c') await tx.run(sql`rollback`)
        }),
      ),
    )
    database.close()
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await keysInFile()).toEqual(['a', 'b', 'd'])
  })

  test('hold foreign keys', async () => {
    const database = await openDatabase({ url })
    await database.migrate()
    const orphan = database.write((tx) =>
      tx.run(
        sql`insert into tokens (hash, purpose, registration_id, created_at, expires_at) values ('h', 'status', 'nobody', 0, 0)`,
      ),
    )
    await expect(orphan).rejects.toThrow()
    database.close()
  })
})

describe('a strict database', () => {
  const awaiting: [name: string, wait: () => Promise<unknown>][] = [
    ['a turn of the event loop', () => new Promise(setImmediate)],
    ['a timer', () => new Promise((resolve) => setTimeout(resolve, 0))],
    ['a file', () => stat(folder)],
    ['a computation elsewhere', () => crypto.subtle.digest('SHA-256', new Uint8Array(1))],
  ]

  test.each(awaiting)('takes nothing from a transaction that awaits %s', async (_, wait) => {
    const database = await openDatabase({ url, strict: true })
    await database.migrate()
    const broken = database.write(async (tx) => {
      await tx.insert(announcements).values({ key: 'between', text: '', at: 0 })
      await wait()
    })
    const beside = note(database, 'beside')
    await expect(broken).rejects.toThrow('not the database')
    await beside
    database.close()
    expect(await keysInFile()).toEqual(['beside'])
  })

  test('takes everything from those that await the database alone, however many come together', async () => {
    const database = await openDatabase({ url, strict: true })
    await database.migrate()
    const keys = Array.from({ length: 200 }, (_, index) => String(index))
    await Promise.all(keys.map((key) => note(database, key)))
    await database.write(async (tx) => {
      for (const key of keys) await tx.insert(announcements).values({ key: `alone ${key}`, text: '', at: 0 })
    })
    database.close()
    expect(await keysInFile()).toHaveLength(400)
  })
})

test('why what was written together had to be taken apart is logged, without what was written', async () => {
  const warned: { facts: unknown; words: string }[] = []
  const log = { warn: (facts: unknown, words?: string) => void warned.push({ facts, words: words ?? '' }) }
  const database = await openDatabase({ url, log })
  await database.migrate()
  await Promise.allSettled(
    ['private a', 'private b'].map((key, index) =>
      database.write(async (tx) => {
        await tx.insert(announcements).values({ key, text: '', at: 0 })
        if (index === 1) await tx.run(sql`rollback`)
      }),
    ),
  )
  database.close()
  expect(warned).toEqual([
    {
      facts: { works: 2, reason: expect.stringMatching(/^database\.path: .*(savepoint|transaction)/) },
      words: expect.stringContaining('each is written alone'),
    },
  ])
  expect(JSON.stringify(warned)).not.toContain('private')
  expect(await keysInFile()).toEqual(['private a'])
})
