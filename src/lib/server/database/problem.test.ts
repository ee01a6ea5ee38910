import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LibsqlError } from '@libsql/client'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { describe, expect, test } from 'vitest'
import { asNobody } from '../../../../tests/support/as-nobody'
import { runSql, schemaStatements } from '../../../../tests/support/other-process'
import { openDatabase } from './open'
import { DatabaseProblem, explained, problemOf } from './problem'

const query = (code: string, message: string) =>
  new DrizzleQueryError('insert into t values (?)', ['typed by somebody'], new LibsqlError(message, code))

describe('a problem of the database, in words', () => {
  test.each([
    ['SQLITE_FULL', /the disk is full\. Free some space/],
    ['SQLITE_READONLY', /Let the user that runs this program write/],
    ['SQLITE_CORRUPT', /command restore/],
    ['SQLITE_IOERR', /disk or its file system/],
    ['SQLITE_BUSY', /another process/],
    ['ECONNREFUSED', /database\.auth_token/],
    ['SERVER_ERROR', /database\.auth_token/],
  ])('%s has its remedy', (code, remedy) => {
    const { message } = problemOf('database.path: x.db', query(code, 'as SQLite says'))
    expect(message).toMatch(/^database\.path: x\.db .*\(.*as SQLite says\)$/)
    expect(message).toMatch(remedy)
  })

  test('does not hold what was typed', () => {
    expect(problemOf('x', query('SQLITE_FULL', 'full')).message).not.toContain('typed')
  })

  test('is not made of a bug', async () => {
    const bug = explained('x', () => Promise.reject(new TypeError('undefined is not a function')))
    await expect(bug).rejects.toThrow(TypeError)
  })
})

describe('a database that may not be written', () => {
  test.each([
    ['in WAL mode', 'wal', 0o555],
    ['in WAL mode, in a folder that may be written', 'wal', 0o777],
    ['as a backup leaves it', 'delete', 0o555],
  ])('is refused at the start, also when it is up to date, %s', async (_name, mode, folderMode) => {
    const folder = mkdtempSync(join(tmpdir(), 'registration-'))
    const path = join(folder, 'test.db')
    await runSql(path, [`pragma journal_mode = ${mode}`, ...schemaStatements()])
    chmodSync(path, 0o444)
    chmodSync(folder, folderMode)
    const start = asNobody(async () => {
      const database = await openDatabase({ url: `file:${path}`, retryWaits: [1] })
      await database.migrate().finally(() => database.close())
    })
    const said = await start.then(
      () => 'started',
      (error: unknown) => (error instanceof DatabaseProblem ? error.message : String(error)),
    )
    chmodSync(folder, 0o755)
    rmSync(folder, { recursive: true })
    expect(said).toMatch(/^database\.path: .*test\.db cannot be (written|opened)\./)
  })
})
