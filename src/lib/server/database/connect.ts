import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createClient, type Client } from '@libsql/client'
import { filePath, isLocal, settingOf } from './location'
import { explained } from './problem'

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
    if (isLocal(url)) mkdirSync(dirname(filePath(url)), { recursive: true })
    return createClient({
      url,
      ...(authToken === undefined ? {} : { authToken }),
      ...(isLocal(url) ? { timeout: DRIVER_WAIT_MS } : {}),
    })
  })
}
