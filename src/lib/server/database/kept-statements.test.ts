import { createClient, type Client } from '@libsql/client'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Connection from 'libsql'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keepStatements, type LocalWriter } from './kept-statements'

let folder: string
let path: string
let client: Client
let writer: LocalWriter

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  path = join(folder, 'test.db')
  const plain = createClient({ url: `file:${path}`, timeout: 0 })
  ;({ client, writer } = keepStatements(plain, { path, waitMs: 0 }))
  await client.execute('PRAGMA journal_mode = WAL')
  await client.execute('create table t (a integer, b text, c blob)')
})
afterEach(() => {
  vi.restoreAllMocks()
  client.close()
  rmSync(folder, { recursive: true, force: true })
})

const insert = (b: string) =>
  writer.transact(() => writer.client.execute({ sql: 'insert into t (b) values (?)', args: [b] }))
const inFile = async () => {
  const other = createClient({ url: `file:${path}` })
  const { rows } = await other.execute('select b from t order by rowid')
  other.close()
  return rows.map((row) => row['b'])
}
/** Another connection has the lock for writing; answers what lets it go. */
function lock(): () => void {
  const other = new Connection(path, { timeout: 0 })
  other.exec('begin immediate')
  return () => {
    other.exec('rollback')
    other.close()
  }
}

describe('an answer is that of the plain client', () => {
  const QUERIES: [sql: string, args: (string | number | bigint | boolean | null | Uint8Array | Date)[]][] = [
    ['select 1 as one, null as none, ? as text, 1.5 as part', ['words']],
    ['select 1 as same, 2 as same, 3 as other', []],
    ['select 1 as x where 0', []],
    ['select ? as yes, ? as no, ? as at', [true, false, new Date(5)]],
    ['select 9007199254740991 as most, -9007199254740991 as least', []],
    ["with n as (select 7 as x) select x, x'00ff10' as blob from n", []],
    ['select ? as given', [new Uint8Array([1, 2, 3])]],
    ["insert into t (a, b) values (1, 'x') returning a, b", []],
    ["update t set b = 'y' where a = 5", []],
    ["delete from t where b = 'nobody'", []],
  ]

  test.each(QUERIES)('%s', async (sql, args) => {
    const plain = createClient({ url: `file:${path}` })
    const expected = await plain.execute({ sql, args })
    plain.close()
    const found = await client.execute({ sql, args })
    expect(found.columns).toEqual(expected.columns)
    expect(found.columnTypes).toEqual(expected.columnTypes)
    expect(found.rowsAffected).toBe(expected.rowsAffected)
    expect(found.rows).toHaveLength(expected.rows.length)
    for (const [index, row] of found.rows.entries()) {
      expect({ ...row }).toEqual({ ...expected.rows[index] })
      expect(Array.from(row)).toEqual(Array.from(expected.rows[index] ?? []))
      expect(Object.keys(row)).toEqual(Object.keys(expected.rows[index] ?? {}))
    }
  })

  test.each(['select 9007199254740993 as x', "select 'a' as", 'select x from nowhere'])(
    'also if there is none: %s',
    async (sql) => {
      await expect(client.execute(sql)).rejects.toThrow()
      expect((await client.execute('select 1 as x')).rows).toMatchObject([{ x: 1 }])
    },
  )

  test('for what was refused, by its code', async () => {
    await client.execute('create unique index one on t (b)')
    await insert('a')
    await expect(insert('a')).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT' })
    expect(await inFile()).toEqual(['a'])
  })
})

test('a statement is prepared once for each connection', async () => {
  const prepare = vi.spyOn(Connection.prototype, 'prepare')
  for (let times = 0; times < 5; times++) {
    await insert(String(times))
    await client.execute({ sql: 'select b from t where b = ?', args: [String(times)] })
  }
  expect(prepare.mock.calls.map(([sql]) => sql).sort()).toEqual([
    'insert into t (b) values (?)',
    'select b from t where b = ?',
  ])
})

test('of many statements the ones in use are kept', async () => {
  const often = 'select 0 as x'
  await client.execute(often)
  const prepare = vi.spyOn(Connection.prototype, 'prepare')
  for (let number = 1; number <= 1_000; number++) {
    expect((await client.execute(`select ${number} as x`)).rows).toMatchObject([{ x: number }])
    await client.execute(often)
  }
  expect(prepare).toHaveBeenCalledTimes(1_000)
  await client.execute('select 1 as x')
  expect(prepare).toHaveBeenCalledTimes(1_001)
})

test('a statement goes on after the schema was changed under it', async () => {
  const all = 'select * from t'
  await insert('a')
  expect((await client.execute(all)).columns).toEqual(['a', 'b', 'c'])
  const other = new Connection(path)
  other.exec("alter table t add column d text default 'new'")
  other.close()
  const { columns, rows } = await client.execute(all)
  expect(columns).toEqual(['a', 'b', 'c', 'd'])
  expect({ ...rows[0] }).toEqual({ a: null, b: 'a', c: null, d: 'new' })
})

describe('a transaction', () => {
  test('is all or nothing, and so is a part of it', async () => {
    const write = (b: string) =>
      writer.client.execute({ sql: 'insert into t (b) values (?)', args: [b] }).then(() => undefined)
    await expect(
      writer.transact(async () => {
        await write('no')
        throw new Error('stop')
      }),
    ).rejects.toThrow('stop')
    await writer.transact(async () => {
      await write('a')
      const part = writer.savepoint(async () => {
        await write('no')
        throw new Error('part')
      })
      await expect(part).rejects.toThrow('part')
      await writer.savepoint(() => write('b'))
    })
    expect(await inFile()).toEqual(['a', 'b'])
  })

  test('that is over takes nothing more', async () => {
    await insert('a')
    await expect(writer.client.execute("insert into t (b) values ('late')")).rejects.toMatchObject({
      code: 'TRANSACTION_CLOSED',
    })
    await expect(
      writer.transact(async () => {
        await writer.client.execute('rollback')
        await writer.client.execute("insert into t (b) values ('late')")
      }),
    ).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' })
    await expect(writer.transact(() => writer.client.execute('rollback'))).rejects.toThrow()
    expect(await inFile()).toEqual(['a'])
  })

  test('is seen by readers once it is over, and not before', async () => {
    const count = async () => (await client.execute('select count(*) as n from t')).rows[0]?.['n']
    await writer.transact(async () => {
      await writer.client.execute("insert into t (b) values ('a')")
      expect(await count()).toBe(0)
    })
    expect(await count()).toBe(1)
  })

  test('lets the event loop go on while it waits for a lock', async () => {
    const unlock = lock()
    let turns = 0
    const turning = setInterval(() => turns++, 5)
    setTimeout(unlock, 100)
    await insert('patient')
    clearInterval(turning)
    expect(turns).toBeGreaterThan(5)
    expect(await inFile()).toEqual(['patient'])
  })

  test('overwrites what it deletes', async () => {
    await insert('a secret that goes')
    await writer.transact(() => writer.client.execute('delete from t'))
    await client.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(readFileSync(path).includes('a secret that goes')).toBe(false)
  })
})

describe('after SQLITE_BUSY', () => {
  test('a transaction that could not begin leaves nothing behind: what is acknowledged later is kept', async () => {
    const unlock = lock()
    await expect(insert('refused')).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    unlock()
    for (const b of ['a', 'b', 'c']) await insert(b)
    expect(await inFile()).toEqual(['a', 'b', 'c'])
    const other = new Connection(path, { timeout: 0 })
    other.exec("insert into t (b) values ('another process')")
    other.close()
  }, 15_000)

  test('a write outside of a transaction loses later ones, unless the client reconnects', async () => {
    const write = (b: string) => client.execute({ sql: 'insert into t (b) values (?)', args: [b] })
    const unlock = lock()
    await expect(write('refused')).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    unlock()
    client.reconnect()
    for (const b of ['a', 'b', 'c']) await write(b)
    expect(await inFile()).toEqual(['a', 'b', 'c'])
  })
})

test('a closed client takes nothing, and can be closed again', async () => {
  await insert('a')
  expect([client.closed, writer.client.closed]).toEqual([false, false])
  client.close()
  client.close()
  expect([client.closed, writer.client.closed]).toEqual([true, true])
  await expect(client.execute('select 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  await expect(insert('b')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
  client.reconnect()
  expect(await inFile()).toEqual(['a'])
})
