import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asNobody } from '../../../../tests/support/as-nobody'
import { otherProcess, runSql, schemaStatements } from '../../../../tests/support/other-process'
import { NOON } from '../../../../tests/support/registration'
import { withFile } from './copy'
import { readContents } from './examine'
import { knownMigrations } from './migrations'
import { DatabaseProblem } from './problem'
import { restore } from './restore'

let folder: string
let path: string
let file: string
/** Where the old database is put aside at `NOON`. */
let aside: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  path = join(folder, 'live.db')
  file = join(folder, 'backup.db')
  aside = `${path}.2026-01-15T12-00-00.000Z`
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const WAL = 'pragma journal_mode = wal'
const note = (key: string) => `insert into announcements (key, at, text) values ('${key}', 0, '')`
const run = (change: { url?: string; file?: string } = {}) =>
  restore({ url: `file:${path}`, file, clock: () => NOON, ...change })

async function keysIn(database: string): Promise<string[]> {
  const client = createClient({ url: `file:${database}` })
  const { rows } = await client.execute('select key from announcements order by key')
  client.close()
  return rows.map(({ key }) => String(key))
}

/** What a refused restore says; and that the folder is as it was. */
async function refusal(change: { url?: string; file?: string } = {}): Promise<string> {
  const before = readdirSync(folder)
  const said = await run(change).then(
    () => 'done',
    (error: unknown) => (error instanceof DatabaseProblem ? error.message : String(error)),
  )
  expect(readdirSync(folder)).toEqual(before)
  return said
}

describe('a backup that is restored', () => {
  test('stands in the place of the old database, which is kept with what was in its log', async () => {
    await runSql(file, [...schemaStatements(), note('from the backup')])
    const server = await otherProcess(path, [WAL, ...schemaStatements(), note('after the backup')])
    await server.kill()
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
    expect(await run()).toEqual({ aside })
    expect(readdirSync(folder).sort()).toEqual(['backup.db', 'live.db', 'live.db.2026-01-15T12-00-00.000Z'])
    expect(await keysIn(path)).toEqual(['from the backup'])
    // Alone, without any log; and read as a copy, as the driver of this process still holds the lock.
    const kept = join(folder, 'kept.db')
    copyFileSync(aside, kept)
    expect(await keysIn(kept)).toEqual(['after the backup'])
  })

  test('is brought up to date, and itself left as it is', async () => {
    await runSql(file, [...schemaStatements(1), note('old')])
    const before = readFileSync(file)
    await run()
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(await keysIn(path)).toEqual(['old'])
    const contents = await withFile({ path, subject: path }, readContents)
    expect(contents).toMatchObject({ newest: knownMigrations().at(-1)?.folderMillis })
  })

  test('needs no database before it, and no folder', async () => {
    await runSql(file, [...schemaStatements(), note('a')])
    const elsewhere = join(folder, 'data', 'live.db')
    expect(await run({ url: `file:${elsewhere}` })).toEqual({ aside: null })
    expect(await keysIn(elsewhere)).toEqual(['a'])
    expect(statSync(elsewhere).mode & 0o777).toBe(0o600)
  })

  test('has the rights of the old database, and stands behind the same link', async () => {
    await runSql(file, schemaStatements())
    const real = join(folder, 'real.db')
    await runSql(real, schemaStatements())
    chmodSync(real, 0o640)
    symlinkSync('real.db', path)
    const { aside: kept } = await run()
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(statSync(real).mode & 0o777).toBe(0o640)
    expect(kept).toBe(join(folder, 'real.db.2026-01-15T12-00-00.000Z'))
  })

  test('takes the place of a damaged database, which is kept', async () => {
    await runSql(file, [...schemaStatements(), note('a')])
    writeFileSync(path, 'rubbish')
    await run()
    expect(await keysIn(path)).toEqual(['a'])
    expect(readFileSync(aside, 'utf8')).toBe('rubbish')
  })

  test('is not changed by a log that belongs to a damaged database; that is kept with it', async () => {
    await runSql(file, [...schemaStatements(), note('a')])
    writeFileSync(path, 'rubbish'.repeat(100))
    writeFileSync(`${path}-journal`, 'of the rubbish')
    await run()
    expect(await keysIn(path)).toEqual(['a'])
    expect(existsSync(`${path}-journal`)).toBe(false)
    expect(readFileSync(`${aside}-journal`, 'utf8')).toBe('of the rubbish')
  })

  test('may be one of before, while the database is of a newer version', async () => {
    await runSql(file, [...schemaStatements(), note('a')])
    const newer = "insert into __drizzle_migrations (hash, created_at) values ('newer', 9999999999999)"
    await runSql(path, [...schemaStatements(), newer])
    await run()
    expect(await keysIn(path)).toEqual(['a'])
  })
})

describe('a restore is refused, and nothing is changed', () => {
  beforeEach(() => runSql(file, [...schemaStatements(), note('a')]))

  test.each([
    ['has it open', []],
    ['reads', ['begin', 'select * from announcements']],
    ['writes', ['begin immediate', note('c')]],
  ])('while another process %s', async (_name, doing) => {
    const server = await otherProcess(path, [WAL, ...schemaStatements(), note('b')])
    await server.run(doing)
    expect(await refusal()).toMatch(/^database\.path: .*live\.db is open in another process.*Stop the server/)
    await server.run(doing.length === 0 ? [] : ['commit'])
    await server.run([note('d')])
    await server.end()
    expect(await keysIn(path)).toContain('d')
  })

  test('while another process writes it without a log', async () => {
    const other = await otherProcess(path, [...schemaStatements(), 'begin immediate', note('b')])
    expect(await refusal()).toContain('open in another process')
    await other.kill()
  })

  test('while a server runs on a database that was damaged under it', async () => {
    const server = await otherProcess(path, [WAL, ...schemaStatements(), note('b')])
    truncateSync(path, 0)
    expect(await refusal()).toMatch(/is empty or missing, but .*-wal.*Make sure that no server is running/)
    writeFileSync(path, 'rubbish'.repeat(1000))
    expect(await refusal()).toContain('open in another process')
    await server.kill()
  })

  test('where the backup is none', async () => {
    const other = join(folder, 'other.db')
    expect(await refusal({ file: other })).toMatch(/other\.db: no such file/)
    expect(await refusal({ file: folder })).toContain(folder)
    writeFileSync(other, '')
    expect(await refusal({ file: other })).toMatch(/other\.db is empty: name another backup/)
    writeFileSync(other, 'rubbish'.repeat(1000))
    expect(await refusal({ file: other })).toMatch(/other\.db is not a database, or is damaged: name another/)
    rmSync(other)
    await runSql(other, ['create table auth_user (id integer)'])
    expect(await refusal({ file: other })).toMatch(/other\.db is the database of a Django program/)
  })

  test.each([
    ['is missing', () => rmSync(file), ': no such file'],
    [
      'is a folder',
      () => {
        rmSync(file)
        mkdirSync(file)
      },
      ' is a folder or the like: name a file',
    ],
    [
      'may not be read',
      () => chmodSync(file, 0o000),
      ' cannot be read by the user that runs this program. Put it where that user may read it',
    ],
  ])('where the backup %s, each told apart', async (_, make, why) => {
    chmodSync(folder, 0o755)
    make()
    expect(await asNobody(() => refusal())).toBe(file + why)
  })

  test.each([
    ['may not be written', 0o555],
    ['cannot even be entered', 0o000],
  ])('where the folder of the database %s', async (_, mode) => {
    chmodSync(folder, 0o755)
    chmodSync(file, 0o644)
    const data = join(folder, 'data')
    mkdirSync(data)
    chmodSync(data, mode)
    const said = await asNobody(() => refusal({ url: `file:${data}/live.db` }))
    chmodSync(data, 0o755)
    expect(said).toMatch(
      /^database\.path: .*data\/live\.db cannot be written\. Let the user .* write the file and its folder/,
    )
    expect(readdirSync(data)).toEqual([])
  })

  test('where the backup is damaged inside', async () => {
    await runSql(file, [
      'create table loose (a check (a > 1))',
      'pragma ignore_check_constraints = on',
      'insert into loose values (0)',
    ])
    expect(await refusal()).toMatch(/backup\.db is damaged \(.*\): name another backup/)
  })

  test('where the backup is of a newer version', async () => {
    await runSql(file, [
      "insert into __drizzle_migrations (hash, created_at) values ('newer', 9999999999999)",
    ])
    expect(await refusal()).toMatch(/backup\.db was migrated by a newer version/)
  })

  test('where the backup is the database itself, under whichever name', async () => {
    linkSync(file, path)
    expect(await refusal()).toContain('is the database itself')
  })

  test('where the database is of another program', async () => {
    await runSql(path, ['create table django_migrations (id integer)'])
    const before = readFileSync(path)
    expect(await refusal()).toMatch(/live\.db is the database of a Django program/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('where the database is a server elsewhere', async () => {
    expect(await refusal({ url: 'libsql://db.example.org' })).toMatch(
      /^database\.url: .* use that server's own way to restore/,
    )
  })
})
