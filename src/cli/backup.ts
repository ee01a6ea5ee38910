import { existsSync, statSync } from 'node:fs'
import { configOrExit } from '$lib/server/config/run-config'
import { keptKeyPath } from '$lib/server/config/secret-key'
import { backUp, noteBackup } from '$lib/server/database/backup'

/** Copies the database to a new file, even while the server runs. Needs no secret key, and creates none. */
export async function backup(file: string): Promise<void> {
  const { database, secretKey } = configOrExit((line) => process.stderr.write(`${line}\n`))
  await backUp({ url: database.url, file })
  process.stdout.write(`${file} contains a checked copy of the database, ${statSync(file).size} bytes\n`)
  if (!(await noteBackup({ url: database.url, now: Date.now() })))
    process.stderr.write('The database could not note the time of this backup, so doctor does not count it\n')
  const key = keptKeyPath(database)
  if (secretKey === null && existsSync(key))
    process.stdout.write(`The backup does not include the secret key: keep a copy of ${key} with it\n`)
}
