import { LibsqlError, type Client, type InStatement, type InValue, type ResultSet } from '@libsql/client'
import type { Row, Value } from '@libsql/client'
import Connection from 'libsql'
import Background from 'libsql/promise'

/** The queries of the product are fewer; those with a list of varying length are many. */
const MOST_KEPT = 400
/** Other statements may stay open, or change the schema under those that are kept. */
const KEPT = /^\s*(?:select|with|insert|update|delete|savepoint|release|rollback to)\b/i
/** How long a transaction waits for another process's lock, beside the event loop. */
const LOCK_WAIT_MS = 250

/** The transactions of a local file, on a connection of their own. */
export interface LocalWriter {
  /** Runs statements in the transaction of the moment. */
  client: Client
  /**
   * Runs a transaction, which must be the only one. It begins and commits beside the event loop, which a flush to disk would
   * hold up, and returns once it is on disk. Deleted data is overwritten instead of only marked as free: personal data
   * is gone from the file once deleted.
   */
  transact<T>(work: () => Promise<T>): Promise<T>
  /** Runs a part of it all or nothing. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Two connections to a local file, each of which prepares a statement once: one for transactions, and a client that reads
 * outside of them. What is no query goes to `client`. `waitMs`: how long a statement outside of transactions may wait
 * for another process's lock, holding up the event loop. After SQLITE_BUSY, `reconnect` must be called, as for any client
 * of libSQL.
 */
export function keepStatements(
  client: Client,
  { path, waitMs }: { path: string; waitMs: number },
): { client: Client; writer: LocalWriter } {
  let reading: Kept | null = null
  let writing: Kept | null = null
  const refuseClosed = () => {
    if (client.closed) throw new LibsqlError('The client is closed', 'CLIENT_CLOSED')
  }
  const reader = () => {
    refuseClosed()
    return (reading ??= openKept(path, waitMs))
  }
  const writer = () => {
    refuseClosed()
    if (writing === null) {
      const opened = openKept(path, LOCK_WAIT_MS)
      try {
        opened.run('PRAGMA secure_delete = on')
      } catch (error) {
        opened.close()
        throw error
      }
      writing = opened
    }
    return writing
  }
  const drop = () => {
    reading?.close()
    writing?.close()
    reading = writing = null
  }

  async function read(statement: InStatement | string, given?: InValue[]): Promise<ResultSet> {
    const { sql, args } = parsed(statement, given)
    return KEPT.test(sql) ? reader().execute(sql, args) : client.execute({ sql, args })
  }

  async function write(statement: InStatement | string, given?: InValue[]): Promise<ResultSet> {
    const { sql, args } = parsed(statement, given)
    return inTransaction().execute(sql, args)
  }

  function inTransaction(): Kept {
    const connection = writer()
    if (!connection.inTransaction()) throw new LibsqlError('The transaction is closed', 'TRANSACTION_CLOSED')
    return connection
  }

  const clientWith = (execute: typeof read): Client => ({
    execute: execute as Client['execute'],
    transaction: client.transaction.bind(client) as Client['transaction'],
    batch: client.batch.bind(client),
    migrate: client.migrate.bind(client),
    executeMultiple: client.executeMultiple.bind(client),
    sync: client.sync.bind(client),
    reconnect() {
      drop()
      client.reconnect()
    },
    close() {
      drop()
      client.close()
    },
    get closed() {
      return client.closed
    },
    protocol: client.protocol,
  })
  return {
    client: clientWith(read),
    writer: {
      client: clientWith(write),
      async transact(work) {
        const connection = writer()
        await connection.inBackground('BEGIN IMMEDIATE')
        try {
          const value = await work()
          await inTransaction().inBackground('COMMIT')
          return value
        } catch (error) {
          if (connection.inTransaction()) connection.run('ROLLBACK')
          throw error
        }
      },
      async savepoint(work) {
        const run = (sql: string) => inTransaction().execute(sql, [])
        run('savepoint part')
        try {
          const value = await work()
          run('release savepoint part')
          return value
        } catch (error) {
          run('rollback to savepoint part')
          throw error
        }
      },
    },
  }
}

type Kept = ReturnType<typeof openKept>

/** One connection, with the statements that it prepared. */
function openKept(path: string, timeout: number) {
  const connection = connected(path, timeout)
  const kept = new Map<string, Prepared>()

  function prepared(sql: string): Prepared {
    const known = kept.get(sql)
    if (known !== undefined) {
      kept.delete(sql)
      kept.set(sql, known)
      return known
    }
    const fresh = prepare(connection, sql)
    if (!KEPT.test(sql)) return fresh
    const [oldest] = kept.keys()
    if (oldest !== undefined && kept.size >= MOST_KEPT) kept.delete(oldest)
    kept.set(sql, fresh)
    return fresh
  }

  return {
    execute: (sql: string, args: Value[]): ResultSet =>
      explained(() => {
        try {
          return prepared(sql)(args)
        } catch (error) {
          kept.delete(sql)
          throw error
        }
      }),
    /** Runs a script that answers nothing. */
    run: (sql: string): void => explained(() => void connection.exec(sql)),
    /** The same on another thread; nothing else may use the connection until that is done. */
    async inBackground(sql: string): Promise<void> {
      try {
        await Background.prototype.exec.call(connection, sql)
      } catch (error) {
        throw asLibsqlError(error)
      }
    },
    // A closed connection must not be asked: that ends the process.
    inTransaction: () => connection.open && connection.inTransaction,
    close() {
      kept.clear()
      if (connection.open) connection.close()
    },
  }
}

/** The binding has no code for a file that it cannot open. */
function connected(path: string, timeout: number): Connection.Database {
  try {
    return new Connection(path, { timeout })
  } catch (error) {
    if (error instanceof Connection.SqliteError || !(error instanceof Error)) throw asLibsqlError(error)
    throw new LibsqlError(error.message, 'SQLITE_CANTOPEN', undefined, undefined, error)
  }
}

type Prepared = (args: Value[]) => ResultSet

function prepare(connection: Connection.Database, sql: string): Prepared {
  const statement = connection.prepare(sql).safeIntegers(true)
  if (!statement.reader)
    return (args) => {
      const { changes, lastInsertRowid } = statement.run(args)
      return new Result(NO_COLUMNS, [], changes, BigInt(lastInsertRowid))
    }
  statement.raw(true)
  let columns = columnsOf(statement)
  return (args) => {
    const found = statement.all(args) as unknown[][]
    const [first] = found
    if (first !== undefined && first.length !== columns.names.length) columns = columnsOf(statement)
    return new Result(columns, found.map(columns.rowOf), 0, undefined)
  }
}

interface Columns {
  names: string[]
  types: string[]
  rowOf: (values: unknown[]) => Row
}

const NO_COLUMNS: Columns = { names: [], types: [], rowOf: rowsOf([]) }

function columnsOf(statement: Connection.Statement): Columns {
  const columns = statement.columns()
  const names = columns.map(({ name }) => name)
  return { names, types: columns.map(({ type }) => type ?? ''), rowOf: rowsOf(names) }
}

class Result implements ResultSet {
  readonly columns: string[]
  readonly columnTypes: string[]
  constructor(
    { names, types }: Columns,
    readonly rows: Row[],
    readonly rowsAffected: number,
    readonly lastInsertRowid: bigint | undefined,
  ) {
    this.columns = names
    this.columnTypes = types
  }
  toJSON() {
    return { ...this, lastInsertRowid: String(this.lastInsertRowid) }
  }
}

/** Makes rows as the client of libSQL has them: values by position, and by name, of which only those are listed. */
function rowsOf(names: string[]): (values: unknown[]) => Row {
  const firsts = [...new Set(names)].map((name) => [name, names.indexOf(name)] as const)
  class NamedRow {
    readonly #values: Value[]
    constructor(values: Value[]) {
      this.#values = values
      for (const [name, index] of firsts) (this as unknown as Row)[name] = values[index] ?? null
    }
    static at = (row: NamedRow, index: number) => row.#values[index]
  }
  Object.defineProperty(NamedRow.prototype, 'length', { value: names.length })
  names.forEach((_, index) =>
    Object.defineProperty(NamedRow.prototype, index, {
      get(this: NamedRow) {
        return NamedRow.at(this, index)
      },
    }),
  )
  return (values) => new NamedRow(values.map(valueOf)) as unknown as Row
}

function valueOf(value: unknown): Value {
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (!Number.isSafeInteger(number))
      throw new RangeError('An integer of the database is too large for a number')
    return number
  }
  if (value instanceof Buffer)
    return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer
  return value as Value
}

function parsed(statement: InStatement, given?: InValue[]): { sql: string; args: Value[] } {
  if (typeof statement === 'string') return { sql: statement, args: (given ?? []).map(argumentOf) }
  const { sql, args = [] } = statement
  if (!Array.isArray(args)) throw new TypeError('Named arguments are not supported')
  return { sql, args: args.map(argumentOf) }
}

function argumentOf(value: InValue): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date) return value.valueOf()
  if (value instanceof ArrayBuffer) return Buffer.from(value) as unknown as Value
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('Only finite numbers can be stored')
  return value as Value
}

function explained<T>(task: () => T): T {
  try {
    return task()
  } catch (error) {
    throw asLibsqlError(error)
  }
}

/** The low byte of SQLite's codes (https://sqlite.org/rescode.html); extended ones have no name in the binding. */
const CODES: Partial<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
}

/** As the client of libSQL reports it, with the plain code. */
function asLibsqlError(error: unknown): unknown {
  if (!(error instanceof Connection.SqliteError)) return error
  const { message, code, rawCode } = error
  return new LibsqlError(message, CODES[(rawCode ?? 0) & 0xff] ?? code, code, rawCode, error)
}
