import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles, type MigrationMeta } from 'drizzle-orm/migrator'

/** Where drizzle records applied migrations: its own table name. */
export const MIGRATIONS_TABLE = '__drizzle_migrations'

/** `drizzle/` is beside package.json, at different levels above this module in sources and in builds. */
export function migrationsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = join(folder, 'drizzle')
    if (existsSync(join(found, 'meta', '_journal.json'))) return found
    if (folder === dirname(folder))
      throw new Error(
        'The folder "drizzle" with the database migrations is missing; it must be beside the program',
      )
  }
}

/** The migrations that this program knows, oldest first. A migration is identified by its time, `folderMillis`. */
export function knownMigrations(): MigrationMeta[] {
  return readMigrationFiles({ migrationsFolder: migrationsFolder() })
}
