import { configOrExit } from '$lib/server/config/run-config'
import { restore as restoreDatabase } from '$lib/server/database/restore'

/** Replaces the database with a backup, while no server runs. Needs no secret key, and creates none. */
export async function restore(file: string): Promise<void> {
  const { database } = configOrExit((line) => process.stderr.write(`${line}\n`))
  const { aside } = await restoreDatabase({ url: database.url, file, clock: Date.now })
  process.stdout.write(`The database is now a copy of ${file}, with all migrations applied\n`)
  if (aside !== null) process.stdout.write(`The previous database is kept as ${aside}\n`)
  process.stdout.write(`
What to do next:
  1. If the backup came with a secret_key, put that beside the database.
  2. reconcile   lists differences between the homeserver and this database since the backup.
  3. serve       starts the server again.
`)
}
