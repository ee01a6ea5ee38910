import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@libsql/client'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
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
   * Runs `work` in one transaction. It may run again from its start when the database was busy, and so must
   * await nothing but the database. Throws what `work` throws, rolled back; throws the database's own error
   * when it stays busy.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Runs one or more selects, outside of any transaction; repeated like `write`. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>
  /**
   * Applies all migrations that are missing. Throws `DatabaseProblem` where the database is another program's or newer
   * than this one, and then writes nothing to it; and where it cannot be written.
   */
  migrate(): Promise<void>
  close(): void
}

const RETRY_WAITS_MS = [20, 50, 100, 200, 400, 800, 1600, 3000]

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
  const { patiently, inTurn } = turns(client, options.retryWaits ?? RETRY_WAITS_MS)
  if (isLocal(url)) {
    const prepare = async () => {
      await examine(client, url)
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
    write: (work) => inTurn(() => db.transaction(work)),
    read: (work) => patiently(() => work(db)),
    migrate: () => explained(setting, () => inTurn(applyMissing)),
    close: () => client.close(),
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

/** Whether an error says that another connection holds the lock, or that ours was renewed under a running call. */
export function isBusy(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (code.startsWith('SQLITE_BUSY') || code === 'CLIENT_CLOSED') return true
  }
  return false
}
