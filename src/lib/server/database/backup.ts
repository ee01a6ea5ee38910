import { randomBytes } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { copyInto, discard, flush, mustBeReadable, withFile } from './copy'
import { readContents } from './examine'
import { filePath, isLocal, settingOf } from './location'
import { DatabaseProblem, isForbidden } from './problem'
import { LAST_BACKUP } from './settings'

/**
 * Copies the database to a file that must not exist: a consistent snapshot, checked, and on disk when this returns,
 * readable by this user only. A server may read and write meanwhile; the database is not migrated. If it fails,
 * throws `DatabaseProblem` and leaves nothing behind.
 */
export async function backUp({ url, file }: { url: string; file: string }): Promise<void> {
  const subject = settingOf(url)
  if (!isLocal(url))
    throw new DatabaseProblem(
      `${subject} is a libSQL server, not a file on this machine: use that server's own backups`,
    )
  const path = filePath(url)
  mustBeReadable(path, subject)
  refuseExisting(file)
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await withFile({ path, subject }, async (client) => {
    if ((await readContents(client)).kind !== 'ours')
      throw new DatabaseProblem(
        `${subject} is not a database of this program, or an empty one: there is nothing to back up`,
      )
    try {
      await copyInto(client, draft, file)
      // It gets its final name only when it is complete.
      refuseExisting(file)
      renameSync(draft, file)
      flush(dirname(file))
    } catch (error) {
      if (!isForbidden(error)) throw error
      throw new DatabaseProblem(
        `${file} cannot be written by the user that runs this program. Name a file in a folder where that user may write`,
        { cause: error },
      )
    } finally {
      discard(draft)
    }
  })
}

/**
 * Notes in the database when it was backed up last, for the check of the set-up. Answers whether it could: a file that
 * is being written to, or that this user may only read, is none the worse for it.
 */
export async function noteBackup({ url, now }: { url: string; now: number }): Promise<boolean> {
  const sql =
    'insert into settings (key, value, changed_at) values (?, ?, ?) on conflict (key) do update set value = excluded.value, changed_at = excluded.changed_at'
  try {
    await withFile({ path: filePath(url), subject: settingOf(url) }, (client) =>
      client.execute({ sql, args: [LAST_BACKUP, JSON.stringify(now), now] }),
    )
    return true
  } catch (error) {
    if (error instanceof DatabaseProblem) return false
    throw error
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file))
    throw new DatabaseProblem(`${file} already exists and was not changed: name a file that does not exist`)
}
