import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createClient, type Client } from '@libsql/client'
import { keepStatements, type LocalWriter } from './kept-statements'
import { filePath, isLocal, settingOf } from './location'
import { DatabaseProblem, explained } from './problem'

/**
 * How long the driver may block the event loop waiting for another process's lock; longer waits are ours,
 * asynchronous.
 */
const DRIVER_WAIT_MS = 50

/** Connects to a database by URL, creating the folder of a local one. Throws `DatabaseProblem` if that fails. */
export async function connect({
  url,
  authToken,
}: {
  url: string
  authToken?: string | undefined
}): Promise<{ client: Client; writer: LocalWriter | null }> {
  return explained(settingOf(url), async () => {
    if (isLocal(url)) {
      mkdirSync(dirname(filePath(url)), { recursive: true })
      refuseEmptied(url)
      // It contains email addresses: files created by SQLite itself are readable by all users of the machine.
      if (sizeOf(filePath(url)) === null) closeSync(openSync(filePath(url), 'a', 0o600))
    }
    if (!isLocal(url)) {
      const client = createClient({ url, ...(authToken === undefined ? {} : { authToken }) })
      return { client, writer: null }
    }
    const client = createClient({ url, timeout: DRIVER_WAIT_MS })
    return keepStatements(client, { path: filePath(url), waitMs: DRIVER_WAIT_MS })
  })
}

/** An empty file is a new database, and SQLite deletes the log beside it: but if there is one, it was not new. */
function refuseEmptied(url: string): void {
  const log = `${filePath(url)}-wal`
  if (sizeOf(filePath(url)) !== 0 || (sizeOf(log) ?? 0) === 0) return
  throw new DatabaseProblem(
    `${settingOf(url)} is empty, but ${log} beside it is not: the database was truncated. Both were left untouched. Restore a backup with the command restore`,
  )
}

/** In bytes; null if there is no file. */
function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}
