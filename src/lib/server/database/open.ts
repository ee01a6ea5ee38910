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
 * The one way to the database. Writes go through `write` alone: one transaction at a time in this process
 * (two would deadlock each other), repeated when another process held the lock.
 */
export interface Database {
  /**
   * Runs `work` all or nothing, and answers when it is on the disk. Works that come at the same time are written
   * together, each in a savepoint of its own, as one flush to the disk costs more than they do. `work` may run again
   * from its start, and so must await nothing but the database. Throws what `work` throws, rolled back; throws the
   * database's own error when it stays busy, or when the disk does not take it.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Runs one or more selects, outside of any transaction; repeated like `write`. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>
  /**
   * Applies all migrations that are missing. Throws `DatabaseProblem` where the database is another program's or newer
   * than this one, and then writes nothing to it; and where it cannot be written.
   */
  migrate(): Promise<void>
  /**
   * To be called after deletions: a local file gets smaller where much of it is free, and the log beside it is emptied, in
   * which what was deleted can still be read. `atOnce`: nobody minds how long that takes. Of a libSQL server, that is its own
   * matter.
   */
  compact(options?: { atOnce: boolean }): Promise<Compacted>
  close(): void
}

const RETRY_WAITS_MS = [20, 50, 100, 200, 400, 800, 1600, 3000]
/** Local calls hold the event loop: after this long, what has been written together is flushed and others have a turn. */
const TOGETHER_MS = 8

/**
 * Opens a database by URL (`file:…`, or a libSQL server's). `retryWaits`: how long to sleep between tries while
 * another process holds the lock, in milliseconds. Throws `DatabaseProblem`, and leaves the file as it is, where it
 * cannot be opened, is damaged, is another program's, or newer than this program.
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
    // Where nothing was missing, only this hears that nothing can be written.
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
 * Has what is deleted overwritten, and not only marked as free: personal data is gone from the file when it is deleted.
 * The setting is a connection's, and each transaction may have another one.
 */
function wiping<T>(work: (tx: Transaction) => Promise<T>): (tx: Transaction) => Promise<T> {
  return async (tx) => {
    await tx.run(sql`PRAGMA secure_delete = on`)
    return work(tx)
  }
}

/**
 * libSQL leaves a statement that failed with SQLITE_BUSY un-reset: the connection then stays inside a transaction,
 * answers "ok" to later writes, and loses them when it closes. Only new connections cure that, so every BUSY is
 * followed by `reconnect`, in turn with the writers so that none loses its connection under its feet.
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

/** A work that waits to be written, and what makes its caller hear of it. */
interface Waiting {
  /** Runs it; answers what tells the caller when everything is on the disk. */
  run: (transaction: Transaction) => Promise<() => void>
  fail: (error: unknown) => void
}

/**
 * Makes one transaction of the works that come while another is being written. Where one of them breaks the
 * transaction for all, each is written alone, so that only the guilty one hears of it.
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

/** An error ends its own work alone, but for a lock: then all are tried again. */
async function inSavepoint(transaction: Transaction, { run, fail }: Waiting): Promise<() => void> {
  try {
    return await transaction.transaction(run)
  } catch (error) {
    if (isBusy(error)) throw error
    return () => fail(error)
  }
}

/** Whether an error says that another connection holds the lock, or that ours was renewed under a running call. */
export function isBusy(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (code.startsWith('SQLITE_BUSY') || code === 'CLIENT_CLOSED') return true
  }
  return false
}
