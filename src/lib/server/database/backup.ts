import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { copyInto, flush, mustExist, withFile } from './copy'
import { readContents } from './examine'
import { filePath, isLocal, settingOf } from './location'
import { DatabaseProblem } from './problem'

/**
 * Copies the database into a file that must not exist: as it is at one moment, checked, and on the disk when this
 * returns, for this user's eyes alone. A server may read and write meanwhile; the database is not migrated.
 * Throws `DatabaseProblem` and leaves nothing behind where that cannot be.
 */
export async function backUp({ url, file }: { url: string; file: string }): Promise<void> {
  const subject = settingOf(url)
  if (!isLocal(url))
    throw new DatabaseProblem(
      `${subject} is a libSQL server, not a file on this machine: use that server's own backups`,
    )
  const path = filePath(url)
  mustExist(path, subject)
  refuseExisting(file)
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await withFile({ path, subject }, async (client) => {
    if ((await readContents(client)).kind !== 'ours')
      throw new DatabaseProblem(
        `${subject} is not a database of this program, or an empty one: there is nothing to back up`,
      )
    try {
      await copyInto(client, draft, file)
      // Never under its own name before it is whole.
      refuseExisting(file)
      renameSync(draft, file)
      flush(dirname(file))
    } finally {
      rmSync(draft, { force: true })
    }
  })
}

function refuseExisting(file: string): void {
  if (existsSync(file))
    throw new DatabaseProblem(`${file} already exists and was not changed: name a file that does not exist`)
}
