import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/derive'
import { findSecretKey, keptKeyPath } from '../config/secret-key'
import { withFile } from '../database/copy'
import { isUpToDate, readContents, whyUnusable, type Contents } from '../database/examine'
import { filePath, isLocal, settingOf } from '../database/location'
import { bounded, CHECK_MS, problemIn, type Report } from './finding'

const MB = 1_000_000
const LITTLE_SPACE = 500 * MB
const NO_SPACE = 20 * MB
/** Whether a generated key can be read by others than its owner. */
const OTHERS = 0o077

/** `value` is null where there is no key; `missing`: why. */
interface SecretKey {
  value: string | null
  missing: string
}

/**
 * Whether the database and the secret key are there and can be used. Answers the key, and what is in the database, or
 * null where that cannot be read (or is a server's). Writes nothing.
 */
export async function checkFiles({
  config,
  report,
}: {
  config: Pick<Config, 'database' | 'secretKey'>
  report: Report
}): Promise<{ contents: Contents | null; secretKey: SecretKey }> {
  const { database } = config
  let contents: Contents | null = null
  if (!isLocal(database.url))
    report.ok(
      'files.database',
      'database.url',
      'The database is on a libSQL server, which the service asks itself',
    )
  else if (await checkFolder(dirname(resolve(filePath(database.url))), report))
    contents = await checkDatabase(database.url, report)
  else {
    const why = 'the folder cannot be entered'
    report.notAsked(['files.database'], why)
    if (config.secretKey === null) {
      report.notAsked(['files.secret_key'], why)
      return { contents, secretKey: { value: null, missing: 'the secret key cannot be read' } }
    }
  }
  return { contents, secretKey: checkSecretKey(config, contents, report) }
}

async function checkDatabase(url: string, report: Report): Promise<Contents | null> {
  const path = filePath(url)
  const check = 'files.database'
  const key = 'database.path'
  if (!existsSync(path)) {
    report.ok(check, key, `${path} is not there yet: the first start makes it`)
    return { kind: 'empty' }
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    const contents = await bounded(
      withFile({ path, subject: settingOf(url), waitMs: CHECK_MS / 2 }, (client) => readContents(client)),
    )
    const problem = whyUnusable(contents)
    if (problem !== null) {
      report.error(check, key, problemIn(new Error(`${path} ${problem}`)))
      return null
    }
    if (contents.kind === 'empty') report.ok(check, key, `${path} is empty: the first start fills it`)
    else if (isUpToDate(contents)) report.ok(check, key, `${path} is a database of this version`)
    else report.ok(check, key, `${path} is a database of an older version: the next start migrates it`)
    return contents
  } catch (error) {
    const { found, remedy } = problemIn(error)
    report.error(check, key, {
      found,
      remedy: remedy ?? `Let the user that runs this program read and write ${path}`,
    })
    return null
  }
}

/** Answers whether it can be entered, or made. */
async function checkFolder(folder: string, report: Report): Promise<boolean> {
  const there = nearest(folder)
  if (mayDo(there, constants.R_OK | constants.W_OK | constants.X_OK))
    report.ok('files.folder', 'database.path', `${folder} can be written`)
  else
    report.error('files.folder', 'database.path', {
      found: `This user may not write in ${there}`,
      remedy: `Give the folder to the user that runs this program (chown), or set database.path to another one`,
    })
  const remedy = 'Free some space, or move the database to another disk'
  const space = { check: 'files.space', key: 'database.path' }
  await report.look({ ...space, remedy }, async (told) => {
    const { bavail, bsize } = await statfs(there)
    const free = bavail * bsize
    const found = `${Math.floor(free / MB)} MB are free in ${there}`
    if (free < NO_SPACE) told.error(space.check, space.key, { found, remedy })
    else if (free < LITTLE_SPACE) told.warning(space.check, space.key, { found, remedy })
    else told.ok(space.check, space.key, found)
  })
  return mayDo(there, constants.X_OK)
}

function mayDo(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** The folder, or what of its path is there. */
function nearest(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearest(dirname(folder))
}

function checkSecretKey(
  config: Pick<Config, 'database' | 'secretKey'>,
  contents: Contents | null,
  report: Report,
): SecretKey {
  const check = 'files.secret_key'
  const key = 'secret_key'
  const path = keptKeyPath(config.database)
  let value: string | null
  try {
    value = findSecretKey(config)
  } catch (error) {
    const { found, remedy } = problemIn(error)
    const readable = `Make ${path} a file that the user that runs this program can read`
    report.error(check, key, { found, remedy: remedy ?? readable })
    return { value: null, missing: 'the secret key is not right' }
  }
  if (value === null && contents?.kind === 'ours') {
    report.error(check, key, {
      found: `${path} is missing, although the database has been in use: a new key would make second factors and links that were sent invalid`,
      remedy: `Restore ${path} from the backup of that folder; without one, the next start makes a new key`,
    })
    return { value, missing: 'the secret key is missing' }
  }
  if (config.secretKey !== null) report.ok(check, key, 'It is set in the configuration')
  else if (value === null) report.ok(check, key, `The first start makes one in ${path}`)
  else if ((statSync(path).mode & OTHERS) === 0) report.ok(check, key, `${path} is there, for this user only`)
  else
    report.warning(check, key, {
      found: `${path} can be read by others on this machine`,
      remedy: `chmod 600 ${path}`,
    })
  return { value, missing: 'the service has not been started yet' }
}
