import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient, type Client } from '@libsql/client'
import { urlOf } from './location'
import { isBusy } from './open'
import { DatabaseProblem, explained, isDamage, problemOf } from './problem'

/** How long a copy waits for a lock. Commands may sleep in the driver: nothing else runs in their process. */
const WAIT_MS = 5000

/**
 * Runs a task on one connection of its own to a database file that exists. A lock that the task leaves, it may keep
 * until this process ends: the driver closes late. Throws `DatabaseProblem`, in which `subject` names the file.
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
 * Copies what `client` is connected to, as it is at one moment, into a new file for this user's eyes alone, and checks
 * the copy. Others read and write on. Throws where it fails or the copy is not sound; `subject` names the copy then, and
 * what is left of it is the caller's to delete.
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
    // Damage and locks are the source's, and its name is for the caller to tell.
    throw error instanceof DatabaseProblem || isDamage(error) || isBusy(error)
      ? error
      : problemOf(subject, error)
  }
}

/** Where pages, rows and indexes of a database contradict each other: the first that was found, or null. */
export async function damageOf(client: Client): Promise<string | null> {
  const { rows } = await client.execute('PRAGMA integrity_check(1)')
  const found = String(rows[0]?.integrity_check)
  return found === 'ok' ? null : found.replaceAll('\n', ' ')
}

/** Sees that a file, or the names in a folder, are on the disk. */
export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Throws `DatabaseProblem` where there is no file. */
export function mustExist(path: string, subject: string): void {
  if (!existsSync(path)) throw new DatabaseProblem(`${subject}: no such file`)
}
