import { existsSync, statSync } from 'node:fs'
import { configOrExit } from '$lib/server/config/run-config'
import { keptKeyPath } from '$lib/server/config/secret-key'
import { backUp } from '$lib/server/database/backup'
import { readFileName } from './usage'

/** Copies the database into a new file, also while the server runs. Needs no secret key, and makes none. */
export async function backup(args: string[]): Promise<void> {
  const file = readFileName('backup', args)
  const { database, secretKey } = configOrExit((line) => process.stderr.write(`${line}\n`))
  await backUp({ url: database.url, file })
  process.stdout.write(`${file} holds the database as it is now: checked, ${statSync(file).size} bytes\n`)
  const key = keptKeyPath(database)
  if (secretKey === null && existsSync(key))
    process.stdout.write(
      `The secret key belongs to this backup, and is not in it: keep a copy of ${key} as well\n`,
    )
}
