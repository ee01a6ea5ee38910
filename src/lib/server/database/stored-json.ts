import { channel } from 'node:diagnostics_channel'
import { sql, type SQL } from 'drizzle-orm'
import { customType, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'

/** Names what cannot be read (`events.detail`), never the value: that may be what a person typed. */
const unreadable = channel('database:unreadable')

/** Calls `listener` with the name of what cannot be read, each time; answers what ends that. */
export function onUnreadable(listener: (what: string) => void): () => void {
  const heard = (what: unknown) => listener(String(what))
  unreadable.subscribe(heard)
  return () => void unreadable.unsubscribe(heard)
}

/** What stands for a value that its schema does not take. */
export const noteUnreadable = (what: string): void => unreadable.publish(what)

/**
 * A column of JSON. Who reads it gets what `schema` makes of it, and `otherwise` where it is no JSON or not of this
 * program: one value that an older, a newer or no program wrote must not take a whole page along. `where`: table and
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
    toDriver: (value) => JSON.stringify(value),
    fromDriver(stored: unknown): T {
      const read = v.safeParse(schema, parsed(stored))
      if (read.success) return read.output
      noteUnreadable(where)
      return otherwise()
    },
  })(name)
}

/** Undefined where it is no JSON, which is a value of none. */
function parsed(stored: unknown): unknown {
  try {
    return JSON.parse(String(stored))
  } catch {
    return undefined
  }
}

/** A field of a column of JSON; null where it has none or is no JSON, which `json_extract` by itself throws at. */
export const fieldOf = (column: SQLiteColumn, field: string): SQL<string | number | null> =>
  sql`case when json_valid(${column}) then json_extract(${column}, ${sql.raw(`'$.${field}'`)}) end`
