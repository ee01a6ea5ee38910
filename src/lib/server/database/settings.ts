import { eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import type { Reader, Transaction } from './open'
import { perConnection } from './prepared-query'
import { settings } from './schema'
import { noteUnreadable } from './stored-json'

/** The keys of when the database was last backed up and cleaned up: times in milliseconds. */
export const LAST_BACKUP = 'last_backup'
export const LAST_CLEAN_UP = 'last_clean_up'

const byKey = perConnection((reader: Reader) =>
  reader
    .select({ value: settings.value })
    .from(settings)
    .where(eq(settings.key, sql.placeholder('key')))
    .prepare(),
)

/**
 * The setting stored under a key: `unset` if there is none, `otherwise` if `schema` does not accept it, because
 * another version of this program wrote it.
 */
export async function findSetting<T>(
  reader: Reader,
  key: string,
  schema: v.GenericSchema<unknown, T>,
  { unset, otherwise }: { unset: T; otherwise: T },
): Promise<T> {
  const [row] = await byKey(reader).all({ key })
  if (row === undefined) return unset
  const read = v.safeParse(schema, row.value)
  if (read.success) return read.output
  noteUnreadable(`settings.${key}`)
  return otherwise
}

export async function putSetting(tx: Transaction, key: string, value: unknown, now: number): Promise<void> {
  const set = { value, changedAt: now }
  await tx
    .insert(settings)
    .values({ key, ...set })
    .onConflictDoUpdate({ target: settings.key, set })
}
