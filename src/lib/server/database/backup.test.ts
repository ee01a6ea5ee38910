import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asNobody } from '../../../../tests/support/as-nobody'
import { otherProcess, runSql, schemaStatements } from '../../../../tests/support/other-process'
import { backUp } from './backup'
import { DatabaseProblem } from './problem'

let folder: string
let path: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  path = join(folder, 'live.db')
  file = join(folder, 'backup.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const note = (key: string) => `insert into announcements (key, at, text) values ('${key}', 0, '')`
const take = (change: { url?: string; file?: string } = {}) =>
  backUp({ url: `file:${path}`, file, ...change })

async function keysIn(copy: string): Promise<string[]> {
  const client = createClient({ url: `file:${copy}` })
  const { rows } = await client.execute('select key from announcements order by key')
  client.close()
  return rows.map(({ key }) => String(key))
}

/** What a refused backup says; and that it left nothing behind. */
async function refusal(backup: Promise<void>): Promise<string> {
  const said = await backup.then(
    () => 'done',
    (error: unknown) => (error instanceof DatabaseProblem ? error.message : String(error)),
  )
  expect(readdirSync(folder).filter((name) => name.startsWith('backup.db'))).toEqual([])
  return said
}

describe('a backup', () => {
  test('holds what is still in the log of a server that runs, for this user alone, in one file', async () => {
    const server = await otherProcess(path, ['pragma journal_mode = wal', ...schemaStatements(), note('a')])
    await take()
    await server.run([note('b')])
    await server.end()
    expect(await keysIn(file)).toEqual(['a'])
    expect(await keysIn(path)).toEqual(['a', 'b'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.startsWith('backup.db'))).toEqual(['backup.db'])
  })

  test('is made while somebody writes, of what was written before, and does not wait for them', async () => {
    const server = await otherProcess(path, ['pragma journal_mode = wal', ...schemaStatements(), note('a')])
    await server.run(['begin immediate', note('b')])
    await take()
    await server.run(['commit', note('c')])
    await server.end()
    expect(await keysIn(file)).toEqual(['a'])
    expect(await keysIn(path)).toEqual(['a', 'b', 'c'])
  })

  test('does not bring the database up to date, and takes one of a newer version as it is', async () => {
    const newer = "insert into __drizzle_migrations (hash, created_at) values ('newer', 9999999999999)"
    await runSql(path, [...schemaStatements(), newer])
    const before = readFileSync(path)
    await take()
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('never replaces a file', async () => {
    await runSql(path, schemaStatements())
    writeFileSync(file, 'precious')
    await expect(take()).rejects.toThrow(/backup\.db already exists/)
    expect(readFileSync(file, 'utf8')).toBe('precious')
    expect(readdirSync(folder).sort()).toEqual(['backup.db', 'live.db'])
  })

  test('of a server elsewhere is for that server to make', async () => {
    const said = await refusal(take({ url: 'libsql://db.example.org' }))
    expect(said).toMatch(/^database\.url: libsql:\/\/db\.example\.org .*use that server's own backups/)
  })

  test('of no database, a new one or another program is refused, and makes none', async () => {
    expect(await refusal(take())).toMatch(/database\.path: .*live\.db: no such file/)
    expect(readdirSync(folder)).toEqual([])
    writeFileSync(path, '')
    expect(await refusal(take())).toMatch(/nothing to back up/)
    const other = join(folder, 'other.db')
    await runSql(other, ['create table auth_user (id integer)'])
    expect(await refusal(take({ url: `file:${other}` }))).toMatch(/not a database of this program/)
  })

  test('that fails half-way leaves no part of it, and says whose fault it is', async () => {
    const reason = 'long enough to fill many pages '.repeat(100)
    const many = Array.from({ length: 60 }, (_, key) => note(`${key}${reason}`))
    await runSql(path, [...schemaStatements(), ...many])
    const content = readFileSync(path)
    content.fill(0xff, content.length >> 1)
    writeFileSync(path, content)
    expect(await refusal(take())).toMatch(/^database\.path: .*live\.db .*damaged/)
  })

  test('whose copy is not sound is not kept', async () => {
    // A copy takes such a row over, and the check of the copy finds it.
    await runSql(path, [
      ...schemaStatements(),
      "create table loose (a text not null, check (a <> 'x'))",
      'pragma ignore_check_constraints = on',
      "insert into loose values ('x')",
    ])
    expect(await refusal(take())).toMatch(/the copy is damaged \(.*loose.*\) and was deleted/)
  })

  test('that cannot be written names its own file', async () => {
    await runSql(path, schemaStatements())
    const nowhere = join(folder, 'nowhere', 'backup.db')
    expect(await refusal(take({ file: nowhere }))).toContain(`${nowhere} cannot be opened`)
    mkdirSync(join(folder, 'nowhere'))
    await take({ file: nowhere })
  })

  test.each([
    ['may not be written', 0o555],
    ['cannot even be entered', 0o000],
  ])('into a folder that %s names the backup, not the database', async (_, mode) => {
    await runSql(path, schemaStatements())
    chmodSync(folder, 0o755)
    chmodSync(path, 0o644)
    const home = join(folder, 'home')
    mkdirSync(home)
    chmodSync(home, mode)
    const said = await refusal(asNobody(() => take({ file: join(home, 'backup.db') })))
    chmodSync(home, 0o755)
    expect(said).toBe(
      `${home}/backup.db cannot be written by the user that runs this program. Name a file in a folder where that user may write`,
    )
    expect(readdirSync(home)).toEqual([])
  })

  test('of a database that is a folder, or may not be read, says so', async () => {
    expect(await refusal(take({ url: `file:${folder}` }))).toMatch(/^database\.path: .* is a folder/)
    await runSql(path, schemaStatements())
    chmodSync(folder, 0o755)
    chmodSync(path, 0o000)
    expect(await refusal(asNobody(() => take()))).toMatch(
      /^database\.path: .*live\.db cannot be read by the user/,
    )
  })
})
