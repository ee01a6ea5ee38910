import type { Client } from '@libsql/client'
import { settingOf } from './location'
import { knownMigrations, MIGRATIONS_TABLE } from './migrations'
import { DatabaseProblem } from './problem'

/** What a database contains: nothing yet, our tables, or another program's. */
export type Contents =
  | { kind: 'empty' }
  | { kind: 'ours'; newest: number; missing: string[] }
  | { kind: 'foreign'; tables: string[] }

/** From the first migration. Migrations only add, so every database of ours has them. */
const OUR_TABLES = [
  'accounts',
  'announcements',
  'attempts',
  'events',
  'jobs',
  'moderators',
  'registrations',
  'sessions',
  'tokens',
]

/** Tables that SQLite, libSQL and Litestream use internally. */
const NOBODYS = /^(?:sqlite_|libsql_|_litestream)/

/** Reads what a database contains, and writes nothing. `newest` is the time of its latest migration. */
export async function readContents(client: Pick<Client, 'execute'>): Promise<Contents> {
  const { rows } = await client.execute("select name from sqlite_master where type in ('table', 'view')")
  const names = rows.map(({ name }) => String(name)).filter((name) => !NOBODYS.test(name))
  const tables = names.filter((name) => name !== MIGRATIONS_TABLE).sort()
  const applied = names.includes(MIGRATIONS_TABLE) ? await readApplied(client) : []
  if (tables.length === 0 && applied.length === 0) return { kind: 'empty' }
  const [first] = knownMigrations()
  if (first === undefined || !applied.includes(first.folderMillis)) return { kind: 'foreign', tables }
  return {
    kind: 'ours',
    newest: Math.max(...applied),
    missing: OUR_TABLES.filter((name) => !tables.includes(name)),
  }
}

async function readApplied(client: Pick<Client, 'execute'>): Promise<number[]> {
  const { rows } = await client.execute(`select created_at from ${MIGRATIONS_TABLE}`)
  return rows.map((row) => Number(row.created_at))
}

/**
 * Throws `DatabaseProblem` if a database is another program's, incomplete, or newer than this program. Writes
 * nothing.
 */
export async function examine(client: Pick<Client, 'execute'>, url: string): Promise<Contents> {
  const contents = await readContents(client)
  const problem = whyUnusable(contents)
  if (problem !== null) throw new DatabaseProblem(`${settingOf(url)} ${problem}`)
  return contents
}

/** Whether every migration that this program knows is applied. */
export function isUpToDate(contents: Contents): boolean {
  return contents.kind === 'ours' && contents.newest === newestKnown()
}

/** What is wrong with a database, and what to do, to follow its name; null if this program can use it. */
export function whyUnusable(contents: Contents): string | null {
  switch (contents.kind) {
    case 'empty':
      return null
    case 'foreign':
      return `${whose(contents.tables)}. It was left untouched. Set another file (or server); this program creates its own database there`
    case 'ours':
      if (contents.newest > newestKnown())
        return `was migrated by a newer version of this program (its latest migration is from ${day(contents.newest)}, the latest that this version knows from ${day(newestKnown())}). It was left untouched. Run that version, or restore a backup from before`
      if (contents.missing.length > 0)
        return `is incomplete: it has no table ${contents.missing.join(', ')}. It was left untouched. Restore a backup`
      return null
  }
}

function whose(tables: string[]): string {
  const django = tables.includes('django_migrations') || tables.includes('auth_user')
  const some = `it has the tables ${tables.slice(0, 3).join(', ')}${tables.length > 3 ? ' and others' : ''}`
  return django
    ? `is the database of a Django program, which only the command import reads (${some})`
    : `is the database of another program (${some})`
}

function newestKnown(): number {
  return Math.max(...knownMigrations().map(({ folderMillis }) => folderMillis))
}

function day(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime())
    ? String(milliseconds)
    : date.toISOString().slice(0, 16).replace('T', ' ')
}
