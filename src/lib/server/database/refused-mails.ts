import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { JobRow } from './jobs'
import type { Reader, Transaction } from './open'
import { jobs } from './schema'

const isOurs = (state: JobRow['state']) => and(eq(jobs.state, state), eq(jobs.blame, 'us'))

/**
 * Lets mails wait again that failed, with their tries counted anew: these, or (null) all that were refused for our sake.
 * `error`: what is known of it now, or (null) what was known before. Answers them.
 */
export async function reviveMails(
  tx: Transaction,
  { ids, error, runAt }: { ids: string[] | null; error: string | null; runAt: number },
): Promise<JobRow[]> {
  const which = ids === null ? isOurs('failed') : and(eq(jobs.state, 'failed'), inArray(jobs.id, ids))
  return tx
    .update(jobs)
    .set({
      state: 'waiting',
      runAt,
      attempts: 0,
      finishedAt: null,
      blame: 'us',
      error: error ?? sql`${jobs.error}`,
    })
    .where(which)
    .returning()
}

/** Lets the mail run now that was refused for our sake and comes next (or `all` of them); false where none waits. */
export async function hastenRefused(
  tx: Transaction,
  now: number,
  { all = false }: { all?: boolean } = {},
): Promise<boolean> {
  const [next] = await tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(isOurs('waiting'))
    .orderBy(asc(jobs.runAt), asc(jobs.seq))
    .limit(1)
  if (next === undefined) return isRunning(tx)
  await tx
    .update(jobs)
    .set({ runAt: now })
    .where(all ? isOurs('waiting') : eq(jobs.seq, next.seq))
  return true
}

/** Whether one of them is being tried now. */
async function isRunning(reader: Reader): Promise<boolean> {
  const rows = await reader.select({ seq: jobs.seq }).from(jobs).where(isOurs('running')).limit(1)
  return rows.length > 0
}
