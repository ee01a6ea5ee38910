import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Client } from '@libsql/client'
import { copyInto, damageOf, discard, flush, mustBeReadable, withFile } from './copy'
import { readContents, whyUnusable } from './examine'
import { filePath, isLocal, settingOf, urlOf } from './location'
import { openDatabase } from './open'
import { DatabaseProblem, explained, isDamage } from './problem'
import { withoutOthers } from './exclusive-lock'

/**
 * Replaces the database with a migrated copy of a backup; the old database is kept beside it, under the name that is
 * returned (null if there was none). Only while nobody has the database open. Throws `DatabaseProblem` if the backup
 * or the moment is wrong; then the database is unchanged.
 */
export async function restore({
  url,
  file,
  clock,
}: {
  url: string
  file: string
  clock: () => number
}): Promise<{ aside: string | null }> {
  const subject = settingOf(url)
  if (!isLocal(url))
    throw new DatabaseProblem(
      `${subject} is a libSQL server, not a file on this machine: use that server's own way to restore`,
    )
  // A symbolic link stays a link, and the logs are beside its target.
  const path = existsSync(filePath(url)) ? realpathSync(filePath(url)) : filePath(url)
  mustBeReadable(file, file)
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  const old = `${draft}.old`
  const aside = `${path}.${new Date(clock()).toISOString().replaceAll(':', '-')}`
  return explained(subject, async () => {
    if (isSameFile(file, path))
      throw new DatabaseProblem(`${file} is the database itself: name a backup of it`)
    mkdirSync(dirname(path), { recursive: true })
    try {
      await copyBackup(file, old, subject)
      await migrate(old)
      // Copied again, because the driver keeps the file it had open, and its log, until this process ends.
      await withFile({ path: old, subject: old }, (client) => copyInto(client, draft, subject))
      return await withoutOthers(path, subject, (there) => {
        likeBefore(draft, there ? path : dirname(path))
        if (there) linkSync(path, aside)
        putLogsAside(path, aside)
        renameSync(draft, path)
        flush(dirname(path))
        return { aside: there ? aside : null }
      })
    } finally {
      for (const left of [draft, old, `${old}-wal`, `${old}-shm`]) discard(left)
    }
  })
}

/** Checks a backup, and copies it. */
async function copyBackup(file: string, path: string, subject: string): Promise<void> {
  await withFile({ path: file, subject: file }, async (client) => {
    const problem = await whyNoBackup(client)
    if (problem !== null) throw new DatabaseProblem(`${file} ${problem}`)
    await copyInto(client, path, subject)
  })
}

async function whyNoBackup(client: Client): Promise<string | null> {
  try {
    const contents = await readContents(client)
    if (contents.kind === 'empty') return 'is empty: name another backup'
    const problem = whyUnusable(contents)
    if (problem !== null) return problem
    const damage = await damageOf(client)
    return damage === null ? null : `is damaged (${damage}): name another backup`
  } catch (error) {
    if (isDamage(error)) return 'is not a database, or is damaged: name another backup'
    throw error
  }
}

async function migrate(path: string): Promise<void> {
  const database = await openDatabase({ url: urlOf(path) })
  try {
    await database.migrate()
  } finally {
    database.close()
  }
}

/** The server's user must be able to write what root may have restored. */
function likeBefore(draft: string, model: string): void {
  const { mode, uid, gid } = statSync(model)
  if (statSync(model).isFile()) chmodSync(draft, mode & 0o777)
  if (process.getuid?.() === 0) chownSync(draft, uid, gid)
}

/** Leftover logs of the old database would be taken for the new one's, and change it. */
function putLogsAside(path: string, aside: string): void {
  for (const log of ['-wal', '-journal'])
    if (statSync(path + log, { throwIfNoEntry: false }) !== undefined) renameSync(path + log, aside + log)
  rmSync(`${path}-shm`, { force: true })
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }))
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
}
