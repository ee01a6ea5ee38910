import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './derive'
import { isMissing, readTextFile, whyUnread } from './read-file'

const KEY_BYTES = 32
/** 32 bytes as base64url. */
const KEY = /^[A-Za-z0-9_-]{43}$/

/**
 * The secret key: the configured one, or the one stored in `secret_key` beside the database, which is generated at
 * the first call (32 random bytes as base64url, readable by this user only). Processes that start at once get the
 * same. Throws Error, in words for operators, if it can be neither read nor stored.
 */
export function secretKeyOf(
  { secretKey, database }: Pick<Config, 'secretKey' | 'database'>,
  random: (bytes: number) => Buffer = randomBytes,
): string {
  return findSecretKey({ secretKey, database }) ?? makeKey(database.directory, keptKeyPath(database), random)
}

/** The same, but null where it would be generated. Throws Error, in words for operators, if it cannot be read. */
export function findSecretKey({
  secretKey,
  database,
}: Pick<Config, 'secretKey' | 'database'>): string | null {
  return secretKey ?? keptKey(keptKeyPath(database))
}

/** Where a generated key is stored. It is created at the first start. */
export function keptKeyPath({ directory }: Config['database']): string {
  return join(directory, 'secret_key')
}

function keptKey(path: string): string | null {
  let kept: string
  try {
    kept = readTextFile(path).trim()
  } catch (error) {
    if (isMissing(error)) return null
    throw new Error(`The secret key in ${path} cannot be read: ${whyUnread(error)}`, { cause: error })
  }
  if (KEY.test(kept)) return kept
  throw new Error(
    `${path} does not contain a secret key: restore it, or delete it to have a new one generated`,
  )
}

/**
 * The key is first written completely under another name: whoever finds the file finds all of it, and a link never
 * replaces a file.
 */
function makeKey(directory: string, path: string, random: (bytes: number) => Buffer): string {
  const key = random(KEY_BYTES).toString('base64url')
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  try {
    mkdirSync(directory, { recursive: true })
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(file, `${key}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    linkSync(draft, path)
    return key
  } catch (error) {
    const first = error instanceof Error && 'code' in error && error.code === 'EEXIST' ? keptKey(path) : null
    if (first !== null) return first
    throw new Error(
      `The secret key cannot be stored in ${path}: ${whyUnread(error)}. You can set secret_key in the configuration instead`,
      {
        cause: error,
      },
    )
  } finally {
    rmSync(draft, { force: true })
  }
}
