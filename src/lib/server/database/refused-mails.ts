import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { JobRow } from './jobs'
import type { Reader, Transaction } from './open'
import { jobs } from './schema'

const isOurs = (state: JobRow['state']) => and(eq(jobs.state, state), eq(jobs.blame, 'us'))

/**
 * Requeues failed emails with a fresh retry count: these, or (null) all that were rejected because of us. `error`:
 * the present error, or (null) the previous one. Returns them.
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

/** Lets the next email that was rejected because of us run now (or `all` of them); false if none is waiting. */
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

/** Whether one of them is being tried right now. */
async function isRunning(reader: Reader): Promise<boolean> {
  const rows = await reader.select({ seq: jobs.seq }).from(jobs).where(isOurs('running')).limit(1)
  return rows.length > 0
}
