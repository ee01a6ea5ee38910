import { channel } from 'node:diagnostics_channel'
import { sql, type SQL } from 'drizzle-orm'
import { customType, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'

/** Names what cannot be read (`events.detail`), never the value: that may be user input. */
const unreadable = channel('database:unreadable')

/** Calls `listener` with the name of what cannot be read, each time; returns what stops that. */
export function onUnreadable(listener: (what: string) => void): () => void {
  const heard = (what: unknown) => listener(String(what))
  unreadable.subscribe(heard)
  return () => void unreadable.unsubscribe(heard)
}

/** The replacement for a value that its schema does not accept. */
export const noteUnreadable = (what: string): void => unreadable.publish(what)

/**
 * A JSON column. Readers get what `schema` makes of it, or `otherwise` if it is not JSON or not of this program: one
 * value written by an older or newer version, or by another program, must not break a whole page. `where`: table and
 * column, for the log.
 */
export function storedJson<T>(
  name: string,
  where: string,
  schema: v.GenericSchema<unknown, T>,
  otherwise: () => T,
) {
  return customType<{ data: T; driverData: string }>({
    dataType: () => 'text',
    toDriver: jsonOf,
    fromDriver(stored: unknown): T {
      const read = v.safeParse(schema, parsed(stored))
      if (read.success) return read.output
      noteUnreadable(where)
      return otherwise()
    },
  })(name)
}

/**
 * A value as JSON, of which SQL may take a part: from half a surrogate pair SQLite would make invalid UTF-8, and the driver
 * ends the process when it reads that.
 */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value)
  if (!/\\ud[89a-f]/.test(json)) return json
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? part.toWellFormed() : part))
}

/** Undefined if it is not JSON, which no JSON value is. */
function parsed(stored: unknown): unknown {
  try {
    return JSON.parse(String(stored))
  } catch {
    return undefined
  }
}

/** A field of a JSON column; null if it is missing or not JSON, on which `json_extract` alone throws. */
export const fieldOf = (column: SQLiteColumn | SQL, field: string): SQL<string | number | null> =>
  sql`case when json_valid(${column}) then json_extract(${column}, ${sql.raw(`'$.${field}'`)}) end`
