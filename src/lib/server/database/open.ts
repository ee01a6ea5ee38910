import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { compact, INCREMENTAL, type Compacted } from './compact'
import { connect } from './connect'
import { examine, isUpToDate } from './examine'
import { isLocal, settingOf } from './location'
import { MIGRATIONS_TABLE, migrationsFolder } from './migrations'
import { explained } from './problem'
import * as schema from './schema'

type Drizzle = LibSQLDatabase<typeof schema>
/** What queries run on: a transaction, or the connection outside of one. */
export type Transaction = Parameters<Parameters<Drizzle['transaction']>[0]>[0]
export type Reader = Pick<Drizzle, 'select' | 'selectDistinct' | '$count' | 'all' | 'get'>

/**
 * The only access to the database. Writes go through `write`: one transaction at a time in this process (two would
 * deadlock each other), repeated while another process holds the lock.
 */
export interface Database {
  /**
   * Runs `work` all or nothing, and returns once it is on disk. Concurrent works are committed together, each in its
   * own savepoint, because a flush to disk costs more than they do. `work` may be run again from its start, and so
   * must await nothing but the database. Throws what `work` throws, after rolling it back; throws the database's own
   * error if it stays busy, or if the disk rejects the write.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Runs one or more selects, outside of any transaction; repeated like `write`. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>
  /**
   * Applies all missing migrations. Throws `DatabaseProblem`, without writing, if the database is another program's
   * or newer than this one; and if it cannot be written.
   */
  migrate(): Promise<void>
  /**
   * Call this after deletions: a local file shrinks if much of it is free, and the write-ahead log is emptied, in
   * which deleted data can still be read. `atOnce`: nobody minds how long that takes. For a libSQL server, that is
   * its own job.
   */
  compact(options?: { atOnce: boolean }): Promise<Compacted>
  close(): void
}

const RETRY_WAITS_MS = [20, 50, 100, 200, 400, 800, 1600, 3000]
/** Local calls block the event loop: after this long, the batch is flushed and others run. */
const TOGETHER_MS = 8

/**
 * Opens a database by URL (`file:…`, or a libSQL server's). `retryWaits`: pauses between retries while another
 * process holds the lock, in milliseconds. Throws `DatabaseProblem`, leaving the file untouched, if it cannot be
 * opened, is damaged, is another program's, or newer than this program.
 */
export async function openDatabase(options: {
  url: string
  authToken?: string | undefined
  retryWaits?: number[]
}): Promise<Database> {
  const { url } = options
  const setting = settingOf(url)
  const client = await connect(options)
  const db = drizzle(client, { schema })
  const local = isLocal(url)
  const { patiently, inTurn } = turns(client, options.retryWaits ?? RETRY_WAITS_MS)
  if (local) {
    const prepare = async () => {
      await examine(client, url)
      await client.execute(INCREMENTAL)
      await client.execute('PRAGMA journal_mode = WAL')
    }
    await explained(setting, () => inTurn(prepare)).catch((error: unknown) => {
      client.close()
      throw error
    })
  }
  const applyMissing = async () => {
    await examine(client, url)
    try {
      await migrate(db, { migrationsFolder: migrationsFolder() })
    } catch (error) {
      // Another process that started at the same time may have been faster.
      if (isBusy(error) || !isUpToDate(await examine(client, url))) throw error
    }
    // If nothing was missing, only this finds out that writing is impossible.
    await client.execute(`update ${MIGRATIONS_TABLE} set hash = hash where false`)
  }
  return {
    write: gathered((work) => inTurn(() => db.transaction(local ? wiping(work) : work))),
    read: (work) => patiently(() => work(db)),
    migrate: () => explained(setting, () => inTurn(applyMissing)),
    compact: async (options = { atOnce: false }) =>
      local ? compact(client, inTurn, options) : { emptied: true, left: 0 },
    close: () => client.close(),
  }
}

/**
 * Overwrites deleted data instead of only marking it as free: personal data is gone from the file once deleted. The
 * setting belongs to a connection, and each transaction may have another one.
 */
function wiping<T>(work: (tx: Transaction) => Promise<T>): (tx: Transaction) => Promise<T> {
  return async (tx) => {
    await tx.run(sql`PRAGMA secure_delete = on`)
    return work(tx)
  }
}

/**
 * libSQL leaves a statement that failed with SQLITE_BUSY un-reset: the connection then stays inside a transaction,
 * answers "ok" to later writes, and loses them when it closes. Only a new connection cures that, so every BUSY is
 * followed by `reconnect`, serialized with the writers so that none loses its connection midway.
 */
function turns(client: Client, waits: number[]) {
  let tail: Promise<unknown> = Promise.resolve()
  const queue = <T>(task: () => Promise<T>): Promise<T> => {
    const result = tail.then(task)
    tail = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }
  const reconnect = async () => client.reconnect()
  const retry = async <T>(task: () => Promise<T>, cure: () => Promise<void>): Promise<T> => {
    for (const wait of waits) {
      try {
        return await task()
      } catch (error) {
        if (!isBusy(error)) throw error
        await cure()
        await sleep(wait * (0.5 + Math.random()))
      }
    }
    try {
      return await task()
    } catch (error) {
      if (isBusy(error)) await cure()
      throw error
    }
  }
  return {
    inTurn: <T>(task: () => Promise<T>) => queue(() => retry(task, reconnect)),
    patiently: <T>(task: () => Promise<T>) => retry(task, () => queue(reconnect)),
  }
}

/** A work waiting to be written, and how its caller is told. */
interface Waiting {
  /** Runs it; returns what tells the caller once everything is on disk. */
  run: (transaction: Transaction) => Promise<() => void>
  fail: (error: unknown) => void
}

/**
 * Combines works that arrive while another is being written into one transaction. If one of them breaks the
 * transaction for all, each is written alone, so that only the failing one gets the error.
 */
function gathered(
  commit: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>,
): Database['write'] {
  const waiting: Waiting[] = []
  let writing = false

  async function alone({ run, fail }: Waiting): Promise<void> {
    try {
      const tell = await commit(run)
      tell()
    } catch (error) {
      fail(error)
    }
  }

  async function together(): Promise<void> {
    const taken: Waiting[] = []
    let next = 0
    try {
      const tell = await commit(async (transaction) => {
        const begun = performance.now()
        const ends: (() => void)[] = []
        for (next = 0; ; next++) {
          if (next === taken.length) {
            const more = performance.now() - begun < TOGETHER_MS ? waiting.shift() : undefined
            if (more === undefined) return ends
            taken.push(more)
          }
          const one = taken[next]
          if (one !== undefined) ends.push(await inSavepoint(transaction, one))
        }
      })
      for (const end of tell) end()
    } catch {
      for (const one of taken) await alone(one)
    }
  }

  async function writeAll(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const [only] = waiting
      if (waiting.length === 1 && only !== undefined) {
        waiting.length = 0
        await alone(only)
      } else await together()
      await new Promise(setImmediate)
    }
    writing = false
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const run: Waiting['run'] = async (transaction) => {
        const value = await work(transaction)
        return () => resolve(value)
      }
      waiting.push({ run, fail: reject })
      if (!writing) {
        writing = true
        setImmediate(() => void writeAll())
      }
    })
}

/** An error ends only its own work, except a lock: then all are retried. */
async function inSavepoint(transaction: Transaction, { run, fail }: Waiting): Promise<() => void> {
  try {
    return await transaction.transaction(run)
  } catch (error) {
    if (isBusy(error)) throw error
    return () => fail(error)
  }
}

/** Whether an error means that another connection holds the lock, or that ours was replaced during a call. */
export function isBusy(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (code.startsWith('SQLITE_BUSY') || code === 'CLIENT_CLOSED') return true
  }
  return false
}
