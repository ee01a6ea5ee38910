import { LibsqlError } from '@libsql/client'
import { DrizzleQueryError } from 'drizzle-orm/errors'

/** The database cannot be used as it is. The message is for operators: the setting or file, why, and what to do. */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem'
}

const DAMAGED =
  'is not a database, or is damaged. It was left untouched. Restore a backup with the command restore, or name another file'
const DAMAGE_CODES = /^SQLITE_(?:NOTADB|CORRUPT)/
const FORBIDDEN_CODES = /^(?:EACCES|EPERM|EROFS)/
const MISSING = /^(?:ENOENT|ENOTDIR)/
const FORBIDDEN = 'cannot be written. Let the user that runs this program write the file and its folder'
const UNOPENED =
  'cannot be opened. It must be a file in a folder that the user who runs this program may read and write'
const FULL = 'cannot be written: the disk is full. Free some space and try again'
const BUSY = 'is locked by another process. Wait for it, or stop it, and try again'
const UNREACHED_CODES = /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENETUN|HRANA_|UND_ERR|SERVER_ERROR)/
const FAILING = 'cannot be read or written: the disk or its file system is failing. Fix that first'
const UNREACHED =
  'cannot be reached. Check that the server is running, and that database.url and database.auth_token are correct'

/** By the codes of SQLite, of node:fs and of the network. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [DAMAGE_CODES, DAMAGED],
  [/^(?:SQLITE_(?:READONLY|PERM|AUTH)|EACCES|EPERM|EROFS)/, FORBIDDEN],
  [/^(?:SQLITE_FULL|ENOSPC|EDQUOT)/, FULL],
  [/^(?:SQLITE_CANTOPEN|ENOTDIR|ENOENT|EISDIR|EEXIST)/, UNOPENED],
  [/^SQLITE_BUSY/, BUSY],
  [/^(?:SQLITE_IOERR|EIO)/, FAILING],
  [UNREACHED_CODES, UNREACHED],
]

/** Explains an error of the database or the file system for what `subject` names (`database.path: …`, or a file). */
export function problemOf(subject: string, error: unknown): DatabaseProblem {
  const { code, message } = innermost(error)
  const reason = REASONS.find(([codes]) => codes.test(code))?.[1]
  return new DatabaseProblem(`${subject} ${reason ?? 'cannot be used'} (${message})`, { cause: error })
}

/** Why a file that somebody named, as `subject`, cannot be read, with what to do. */
export function whyUnreadable(subject: string, error: unknown): DatabaseProblem {
  const { code, message } = innermost(error)
  const why = MISSING.test(code)
    ? ': no such file'
    : FORBIDDEN_CODES.test(code)
      ? ' cannot be read by the user that runs this program. Put it where that user may read it'
      : ` cannot be read (${message})`
  return new DatabaseProblem(subject + why, { cause: error })
}

/** Runs a task that uses only the database and its files; any error becomes a `DatabaseProblem`. */
export async function explained<T>(subject: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw error instanceof DatabaseProblem || isBug(error) ? error : problemOf(subject, error)
  }
}

/** Whether the database threw it, and not something else that a task used. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof DrizzleQueryError || error instanceof LibsqlError
}

/** Whether the server of the database did not answer, or only a proxy before it did. */
export function isUnreached(error: unknown): boolean {
  return isDatabaseError(error) && UNREACHED_CODES.test(innermost(error).code)
}

/** Whether the database failed in a way that may pass; a constraint violation is a bug of ours. */
export function isDatabaseOutage(error: unknown): boolean {
  return (
    isDatabaseError(error) &&
    !/^(?:$|SQLITE_(?:CONSTRAINT|ERROR|MISUSE|MISMATCH))/.test(innermost(error).code)
  )
}

/** Whether an error means that a file is not a database, or that its content is corrupt. */
export function isDamage(error: unknown): boolean {
  return DAMAGE_CODES.test(innermost(error).code)
}

/** Whether the system let this user not do it. */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN_CODES.test(innermost(error).code)
}

/** Without any code it comes neither from the driver nor from the system. */
function isBug(error: unknown): boolean {
  return innermost(error).code === ''
}

/**
 * The first code, because the driver reduces extended codes to plain ones; and the last message, which says what
 * happened without the query and its input.
 */
function innermost(error: unknown): { code: string; message: string } {
  let code = ''
  let message = ''
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (code === '') code = codeOf(cause)
    message = cause.message
  }
  return { code, message }
}

/** The driver reports a path that it cannot open, and a server that it cannot reach, only as text. */
function codeOf(error: Error): string {
  if ('code' in error && error.code !== '') return String(error.code)
  if (error.message.startsWith('ConnectionFailed')) return 'SQLITE_CANTOPEN'
  return error.message === 'fetch failed' ? 'ECONN' : ''
}
