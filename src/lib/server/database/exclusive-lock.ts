import { existsSync, rmSync, statSync } from 'node:fs'
import type { Client } from '@libsql/client'
import { withFile } from './copy'
import { readContents, whyUnusable } from './examine'
import { isBusy } from './busy'
import { DatabaseProblem, isDamage } from './problem'

/** A short lock may pass; a server keeps its own. */
const WAIT_MS = 500

/**
 * Runs a task while nobody else has a database file open, nor can open it. The write-ahead log is merged into it
 * before, so that the file alone is the whole database, unless it is damaged. The task is told whether there is a
 * file. It must not open the file itself: closing it would release the lock. Throws `DatabaseProblem` if the file is
 * open, or not ours.
 */
export async function withoutOthers<T>(
  path: string,
  subject: string,
  task: (there: boolean) => T,
): Promise<T> {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined || size === 0) {
    refuseLogs(path, subject)
    return task(size === 0)
  }
  return withFile({ path, subject, waitMs: WAIT_MS }, async (client) => {
    try {
      await claim(client, path, subject)
    } catch (error) {
      if (isBusy(error))
        throw new DatabaseProblem(
          `${subject} is open in another process. Nothing was changed. Stop the server and anything else that uses it, then try again`,
        )
      // SQLite takes the lock before it reads the content: a damaged file is not in use.
      if (!isDamage(error)) throw error
    }
    return task(true)
  })
}

/**
 * In WAL mode every connection holds a shared lock on the file for as long as it is open, so the exclusive one is
 * only available if there is no other. Leaving WAL mode then merges the log into the file
 * (https://sqlite.org/wal.html).
 */
async function claim(client: Client, path: string, subject: string): Promise<void> {
  await client.execute('PRAGMA locking_mode = EXCLUSIVE')
  const contents = await readContents(client)
  if (contents.kind === 'foreign') throw new DatabaseProblem(`${subject} ${whyUnusable(contents) ?? ''}`)
  await client.execute('PRAGMA journal_mode = DELETE')
  await client.execute('BEGIN EXCLUSIVE')
  // Under an exclusive lock SQLite keeps this file, emptied.
  rmSync(`${path}-journal`, { force: true })
}

/** Logs without their database: whether a server is still running cannot be determined. */
function refuseLogs(path: string, subject: string): void {
  const left = ['-wal', '-shm'].map((log) => path + log).filter((log) => existsSync(log))
  if (left.length > 0)
    throw new DatabaseProblem(
      `${subject} is empty or missing, but found ${left.join(' and ')} beside it. Make sure that no server is running, move that elsewhere, and try again`,
    )
}
