import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LibsqlError } from '@libsql/client'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runSql, schemaStatements } from '../../../../tests/support/other-process'
import { openDatabase } from './open'

vi.mock(import('drizzle-orm/libsql/migrator'), () => ({ migrate: vi.fn() }))

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  path = join(folder, 'test.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const exists = new LibsqlError('table `accounts` already exists', 'SQLITE_ERROR')

describe('two programs that start at the same time', () => {
  test('both start: the one whose migration comes second finds it done', async () => {
    vi.mocked(migrate).mockImplementationOnce(async () => {
      await runSql(path, schemaStatements())
      throw exists
    })
    const database = await openDatabase({ url: `file:${path}` })
    await expect(database.migrate()).resolves.toBeUndefined()
    database.close()
  })

  test('hear of a migration that fails and that nobody else did', async () => {
    vi.mocked(migrate).mockRejectedValueOnce(exists)
    const database = await openDatabase({ url: `file:${path}` })
    await expect(database.migrate()).rejects.toThrow(
      /^database\.path: .*test\.db cannot be used \(.*already exists/,
    )
    database.close()
  })
})
