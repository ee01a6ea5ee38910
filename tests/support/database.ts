import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, type Database } from '$lib/server/database/open'

/** A real database file, migrated, in a folder of its own. */
export interface TestDatabase {
  database: Database
  url: string
  /** Closes the database and deletes the folder. */
  dispose(): Promise<void>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'registration-'))
  const url = `file:${join(folder, 'test.db')}`
  const database = await openDatabase({ url, strict: true })
  await database.migrate()
  return {
    database,
    url,
    async dispose() {
      database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
