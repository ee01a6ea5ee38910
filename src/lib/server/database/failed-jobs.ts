import { desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { JobKind } from '$lib/registration/job'
import { isMistyped, type JobRow } from './jobs'
import type { Reader, Transaction } from './open'
import { jobs } from './schema'

export interface FailedJob {
  id: string
  kind: JobKind
  error: string
}

/** How many failed jobs the queue page examines, the latest first. */
const MOST = 5_000

/**
 * Jobs that failed permanently and need a moderator: not emails to unverified addresses that do not exist. The latest
 * first; `id`: only this one; `before`: the `seq` of the last one on the previous page.
 */
export async function findFailed(
  reader: Reader,
  {
    id = null,
    before = null,
    limit = MOST,
  }: { id?: string | null; before?: number | null; limit?: number } = {},
): Promise<(FailedJob & { seq: number })[]> {
  const only = id === null ? sql`true` : eq(jobs.id, id)
  const behind = before === null ? sql`true` : lt(jobs.seq, before)
  return reader
    .select({ seq: jobs.seq, id: jobs.id, kind: jobs.kind, error: sql<string>`coalesce(${jobs.error}, '')` })
    .from(jobs)
    .where(sql`${jobs.state} = 'failed' and not ${isMistyped} and ${only} and ${behind}`)
    .orderBy(desc(jobs.seq))
    .limit(limit)
}

/** Lets failed jobs run at once, with a fresh retry count; returns those that were still failed. */
export async function retryFailed(tx: Transaction, ids: string[], now: number): Promise<JobRow[]> {
  return tx
    .update(jobs)
    .set({ state: 'waiting', runAt: now, attempts: 0, unanswered: 0, finishedAt: null })
    .where(sql`${jobs.state} = 'failed' and ${inArray(jobs.id, ids)}`)
    .returning()
}
