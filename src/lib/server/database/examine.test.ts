import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { otherProcess, runSql, schemaStatements } from '../../../../tests/support/other-process'
import { knownMigrations } from './migrations'
import { openDatabase } from './open'
import { DatabaseProblem } from './problem'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  path = join(folder, 'test.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const contentOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** What an operator reads when the program starts on this file. */
async function startOn(file: string): Promise<string> {
  try {
    const database = await openDatabase({ url: `file:${file}`, retryWaits: [1] })
    try {
      await database.migrate()
    } finally {
      database.close()
    }
    return 'started'
  } catch (error) {
    if (error instanceof DatabaseProblem) return error.message
    throw error
  }
}

/** The same, and that not a byte of the file was changed. */
async function startWithoutTrace(file: string): Promise<string> {
  const before = contentOf(file)
  const said = await startOn(file)
  expect(contentOf(file)).toBe(before)
  return said
}

const DJANGO = [
  'create table django_migrations (id integer primary key, app text, name text)',
  'create table auth_user (id integer primary key, username text)',
  'create table registration_userregistration (id integer primary key, username text)',
]

describe('a database of another program', () => {
  test('that Django made is named as such, and not a byte of it changes', async () => {
    await runSql(path, DJANGO)
    const said = await startWithoutTrace(path)
    expect(said).toMatch(/^database\.path: .*test\.db is the database of a Django program.*Set another file/)
    expect(said).toContain('auth_user')
    expect(readdirSync(folder)).toEqual(['test.db'])
  })

  test('that any other program made is refused, with what it holds', async () => {
    await runSql(path, ['create table recipes (id integer)'])
    expect(await startWithoutTrace(path)).toMatch(/database of another program.*recipes/)
  })

  test('that is made with the same tools is told from ours by its first migration', async () => {
    const [create = ''] = schemaStatements(0)
    await runSql(path, [
      create,
      "insert into __drizzle_migrations (hash, created_at) values ('theirs', 1700000000000)",
      'create table registrations (id integer)',
    ])
    expect(await startWithoutTrace(path)).toContain('another program')
  })

  test('is not made of what SQLite and its tools keep for themselves', async () => {
    await runSql(path, [
      'create table _litestream_seq (id integer)',
      'create table numbered (id integer primary key autoincrement)',
      'drop table numbered',
    ])
    expect(await startOn(path)).toBe('started')
  })
})

describe('a database of this program', () => {
  test('that a newer version wrote is refused, and left as it is', async () => {
    const newest = Math.max(...knownMigrations().map(({ folderMillis }) => folderMillis))
    await runSql(path, [
      ...schemaStatements(),
      `insert into __drizzle_migrations (hash, created_at) values ('newer', ${newest + 1})`,
    ])
    expect(await startWithoutTrace(path)).toMatch(/newer version of this program.*Run that version/)
  })

  test('that lost a table is refused', async () => {
    await runSql(path, [...schemaStatements(), 'drop table events'])
    expect(await startWithoutTrace(path)).toMatch(/no table events.*Restore a backup/)
  })

  test('whose start was interrupted before the first migration starts', async () => {
    await runSql(path, schemaStatements(0))
    expect(await startOn(path)).toBe('started')
    expect(await startOn(path)).toBe('started')
  })
})

describe('a file that is no database', () => {
  test('is refused with what to do, and left as it is', async () => {
    writeFileSync(path, 'this is a shopping list\n'.repeat(500))
    expect(await startWithoutTrace(path)).toMatch(
      /^database\.path: .* is not a database, or is damaged\. .* command restore/,
    )
  })

  test.each([10, 100, 1000, 4096, 40_000])(
    'because it was cut off after %i bytes is refused',
    async (size) => {
      await runSql(path, schemaStatements())
      truncateSync(path, size)
      expect(await startWithoutTrace(path)).toContain('is not a database, or is damaged')
    },
  )

  test('because nothing of it is left but its log is refused, and the log is kept', async () => {
    const other = await otherProcess(path, ['pragma journal_mode = wal', ...schemaStatements()])
    await other.kill()
    truncateSync(path, 0)
    const log = contentOf(`${path}-wal`)
    expect(await startWithoutTrace(path)).toMatch(/is empty, but .*-wal beside it is not/)
    expect(contentOf(`${path}-wal`)).toBe(log)
  })

  test('because it is a folder, or its folder is a file, is refused', async () => {
    mkdirSync(path)
    expect(await startOn(path)).toMatch(/^database\.path: .* cannot be opened\. It must be a file/)
    writeFileSync(join(folder, 'file'), '')
    expect(await startOn(join(folder, 'file', 'test.db'))).toMatch(/^database\.path: .* cannot be opened/)
  })
})
