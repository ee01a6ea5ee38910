import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createClient, type Client } from '@libsql/client'
import { filePath, isLocal, settingOf } from './location'
import { DatabaseProblem, explained } from './problem'

/** How long the driver may hold the event loop waiting for another process's lock; the longer waits are ours, asleep. */
const DRIVER_WAIT_MS = 50

/** Connects to a database by URL; makes the folder of a local one. Throws `DatabaseProblem` where that cannot be. */
export async function connect({
  url,
  authToken,
}: {
  url: string
  authToken?: string | undefined
}): Promise<Client> {
  return explained(settingOf(url), async () => {
    if (isLocal(url)) {
      mkdirSync(dirname(filePath(url)), { recursive: true })
      refuseEmptied(url)
      // It holds people's addresses: what SQLite makes itself, all users of the machine may read.
      if (sizeOf(filePath(url)) === null) closeSync(openSync(filePath(url), 'a', 0o600))
    }
    return createClient({
      url,
      ...(authToken === undefined ? {} : { authToken }),
      ...(isLocal(url) ? { timeout: DRIVER_WAIT_MS } : {}),
    })
  })
}

/** A file of no bytes is a new database, and SQLite deletes the log beside it: but where there is one, it was none. */
function refuseEmptied(url: string): void {
  const log = `${filePath(url)}-wal`
  if (sizeOf(filePath(url)) !== 0 || (sizeOf(log) ?? 0) === 0) return
  throw new DatabaseProblem(
    `${settingOf(url)} is empty, but ${log} beside it is not: the database was truncated. Both were left untouched. Restore a backup with the command restore`,
  )
}

/** In bytes; null where there is no file. */
function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}
