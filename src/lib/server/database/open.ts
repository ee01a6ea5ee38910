import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ResultSet } from '@libsql/client'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { compact, INCREMENTAL, type Compacted } from './compact'
import { isBusy } from './busy'
import { commitOnce, OutcomeUnknown } from './commit-once'
import { connect } from './connect'
import type { LocalWriter } from './kept-statements'
import { examine, isUpToDate } from './examine'
import { groupCommit, type Savepoint } from './group-commit'
import { isLocal, settingOf } from './location'
import { MIGRATIONS_TABLE, migrationsFolder } from './migrations'
import { strictTransaction } from './strict-transaction'
import { explained, isDatabaseError, problemOf } from './problem'
import * as schema from './schema'

type Drizzle = LibSQLDatabase<typeof schema>
/** What queries run on: a transaction, or the connection outside of one. */
export type Transaction = BaseSQLiteDatabase<'async', ResultSet, typeof schema>
export type Reader = Pick<Drizzle, 'select' | 'selectDistinct' | '$count' | 'all' | 'get'>

/**
 * The only access to the database. Writes go through `write`: one transaction at a time in this process (two would
 * deadlock each other), repeated while another process holds the lock.
 */
export interface Database {
  /**
   * Runs `work` all or nothing, and returns once it is on disk. Concurrent works are committed together, each in its
   * own savepoint, because a flush to disk costs more than they do. `work` may be run again from its start, and so
   * must await nothing but the database. It takes effect once, even if a server's answer is lost (`commit-once.ts`).
   * Throws what `work` throws, after rolling it back; throws the database's own error if it stays busy, or if the disk
   * rejects the write.
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

/**
 * Opens a database by URL (`file:…`, or a libSQL server's). `retryWaits`: pauses between retries while another
 * process holds the lock, in milliseconds. `log` gets a line if a batch of writes has to be taken apart. `strict`, for
 * tests: a work that awaits anything but a local database is rolled back and throws. Throws `DatabaseProblem`, leaving
 * the file untouched, if it cannot be opened, is damaged, is another program's, or newer than this program.
 */
export async function openDatabase(options: {
  url: string
  authToken?: string | undefined
  retryWaits?: number[]
  log?: { warn(facts: { works: number; reason: string }, words: string): void }
  strict?: boolean
}): Promise<Database> {
  const { url, log, strict = false } = options
  const setting = settingOf(url)
  const { client, writer } = await connect(options)
  const db = drizzle(client, { schema })
  const local = isLocal(url)
  const waits = options.retryWaits ?? RETRY_WAITS_MS
  const { patiently, inTurn } = turns(client, waits)
  const { commit, savepoint } = writer === null ? onServer(db, waits) : onFile(writer)
  const write = groupCommit(
    (work) => inTurn(() => commit(work)),
    savepoint,
    (error, works) =>
      log?.warn(
        {
          works,
          reason: isDatabaseError(error) ? problemOf(setting, error).message : 'no error of the database',
        },
        error instanceof OutcomeUnknown
          ? 'Nobody knows whether what was written together was written: the server of the database did not answer. Whoever asked for it hears of an outage, and it is not written again'
          : 'What was to be written together was not: each is written alone now, and whoever asked for one that fails again hears of it',
      ),
  )
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
    write: strict && local ? (work) => write(strictTransaction(work)) : write,
    read: (work) => patiently(() => work(db)),
    migrate: () => explained(setting, () => inTurn(applyMissing)),
    compact: async (options = { atOnce: false }) =>
      local ? compact(client, inTurn, options) : { emptied: true, left: 0 },
    close: () => client.close(),
  }
}

/** How works are committed, and each of several in one transaction is kept apart. */
interface Commits {
  commit<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  savepoint: Savepoint
}

function onServer(db: Drizzle, waits: number[]): Commits {
  return {
    commit: commitOnce((work) => db.transaction(work), waits),
    savepoint: (transaction, work) => transaction.transaction(work),
  }
}

/** All transactions are one object, so that prepared queries outlive them. */
function onFile({ client, transact, savepoint }: LocalWriter): Commits {
  const transaction = drizzle(client, { schema })
  return {
    commit: (work) => transact(() => work(transaction)),
    savepoint: (_, work) => savepoint(() => work(transaction)),
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
