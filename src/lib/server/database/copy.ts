import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient, type Client } from '@libsql/client'
import { urlOf } from './location'
import { isBusy } from './busy'
import { DatabaseProblem, explained, isDamage, problemOf, whyUnreadable } from './problem'

/** How long a copy waits for a lock. Commands may block in the driver: nothing else runs in their process. */
const WAIT_MS = 5000

/**
 * Runs a task on its own connection to an existing database file. A lock left by the task may be held until this
 * process ends: the driver closes late. Throws `DatabaseProblem`, in which `subject` names the file.
 */
export async function withFile<T>(
  { path, subject, waitMs = WAIT_MS }: { path: string; subject: string; waitMs?: number },
  task: (client: Client) => Promise<T>,
): Promise<T> {
  return explained(subject, async () => {
    const client = createClient({ url: urlOf(path), timeout: waitMs, concurrency: 1 })
    try {
      return await task(client)
    } finally {
      client.close()
    }
  })
}

/**
 * Copies the database that `client` is connected to, as a consistent snapshot, to a new file readable by this user
 * only, and checks the copy. Others keep reading and writing. Throws if it fails or the copy is damaged; `subject`
 * then names the copy, and deleting its remains is up to the caller.
 */
export async function copyInto(client: Client, path: string, subject: string): Promise<void> {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    await client.execute({ sql: 'VACUUM INTO ?', args: [resolve(path)] })
    const found = await withFile({ path, subject }, damageOf)
    if (found !== null)
      throw new DatabaseProblem(`${subject}: the copy is damaged (${found}) and was deleted`)
    flush(path)
  } catch (error) {
    // Damage and locks are the source's, and naming it is up to the caller.
    throw error instanceof DatabaseProblem || isDamage(error) || isBusy(error)
      ? error
      : problemOf(subject, error)
  }
}

/** The first inconsistency between a database's pages, rows and indexes, or null. */
export async function damageOf(client: Client): Promise<string | null> {
  const { rows } = await client.execute('PRAGMA integrity_check(1)')
  const found = String(rows[0]?.integrity_check)
  return found === 'ok' ? null : found.replaceAll('\n', ' ')
}

/** Makes sure that a file, or the entries of a folder, are on disk. */
export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Throws `DatabaseProblem` if there is no file, or none that this user may read. Not for a database that this process
 * has open: closing a file ends SQLite's locks on it (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export function mustBeReadable(path: string, subject: string): void {
  let isFile: boolean
  try {
    isFile = statSync(path).isFile()
    if (isFile) closeSync(openSync(path, 'r'))
  } catch (error) {
    throw whyUnreadable(subject, error)
  }
  if (!isFile) throw new DatabaseProblem(`${subject} is a folder or the like: name a file`)
}

/** Deletes what may be left of a draft. That it cannot be deleted never hides why it was not finished. */
export function discard(draft: string): void {
  try {
    rmSync(draft, { force: true })
  } catch {
    // Where nothing can be deleted, nothing could be written, which is what is told.
  }
}
