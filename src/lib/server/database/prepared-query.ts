import { sql, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'

/**
 * A prepared query, built once for each connection that runs it: building one takes longer than running it. A
 * transaction on a libSQL server counts as a connection of its own.
 */
export function perConnection<Connection extends object, Query>(
  build: (connection: Connection) => Query,
): (connection: Connection) => Query {
  const built = new WeakMap<Connection, Query>()
  return (connection) => {
    const known = built.get(connection)
    if (known !== undefined) return known
    const query = build(connection)
    built.set(connection, query)
    return query
  }
}

/** A placeholder for each of these columns, for the values of a prepared insert or update (`asStored`). */
export const placeholders = <Columns extends Record<string, SQLiteColumn>>(columns: Columns) =>
  Object.fromEntries(Object.keys(columns).map((name) => [name, sql`${sql.placeholder(name)}`])) as Record<
    keyof Columns,
    SQL
  >

/** Values as the columns store them. A placeholder does that itself, but would store a null of a JSON column as text. */
export function asStored<Columns extends Record<string, SQLiteColumn>>(
  columns: Columns,
  values: { [Name in keyof Columns]?: unknown },
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === null || value === undefined ? null : columns[name]?.mapToDriverValue(value),
    ]),
  )
}
