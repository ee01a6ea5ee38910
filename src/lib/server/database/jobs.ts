import { and, asc, desc, eq, inArray, isNull, lt, ne, or, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { jobSchema, type JobKind, type NewJob } from '$lib/registration/job'
import type { Reader, Transaction } from './open'
import { jobs } from './schema'

export type JobRow = typeof jobs.$inferSelect
/** A job in the hands of a worker: the row, and what it is to do. */
export interface LeasedJob {
  row: JobRow
  job: NewJob
}

/** Notices of one kind are gathered: after one went out, the next waits this long for company. */
const GATHER_MS = 60_000

/** Jobs of one lane run one at a time and in order. */
function laneOf(job: NewJob, registrationId: string | null): string {
  switch (job.kind) {
    case 'notify_room':
      return 'room'
    case 'notify_moderators':
      return 'moderators'
    case 'warn_auto_join':
      return job.by === 'room' ? 'room' : 'moderators'
    case 'remove_account':
      return registrationId ?? `account:${job.username}`
    default:
      return registrationId ?? 'nobody'
  }
}

/** Which jobs belong to the moderators as a whole and not to one registration. */
const FOR_ALL: JobKind[] = ['notify_room', 'notify_moderators', 'warn_auto_join']

/** Writes a job; it may run from `now` on. A notice is not needed while one of its kind waits that has not begun. */
export async function insertJob(
  tx: Transaction,
  job: NewJob,
  options: { id: string; registrationId: string | null; now: number },
): Promise<void> {
  const registrationId = FOR_ALL.includes(job.kind) ? null : options.registrationId
  const { kind, ...payload } = job
  let runAt = options.now
  if (job.kind === 'notify_room' || job.kind === 'notify_moderators') {
    if (await isGathering(tx, job)) return
    runAt = Math.max(runAt, (await lastFinished(tx, kind)) + GATHER_MS)
  }
  await tx.insert(jobs).values({
    id: options.id,
    lane: laneOf(job, options.registrationId),
    registrationId,
    kind,
    payload,
    state: 'waiting',
    runAt,
    createdAt: options.now,
  })
}

/** Whether a notice waits that has not begun: it will tell of this one as well. */
async function isGathering(tx: Transaction, { kind, ...payload }: NewJob): Promise<boolean> {
  const reminder = 'reminder' in payload && payload.reminder ? 1 : 0
  const rows = await tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        eq(jobs.state, 'waiting'),
        eq(jobs.kind, kind),
        eq(jobs.attempts, 0),
        sql`coalesce(json_extract(${jobs.payload}, '$.reminder'), 0) = ${reminder}`,
      ),
    )
    .limit(1)
  return rows.length > 0
}

async function lastFinished(tx: Transaction, kind: JobKind): Promise<number> {
  const [row] = await tx
    .select({ at: jobs.finishedAt })
    .from(jobs)
    .where(and(eq(jobs.kind, kind), eq(jobs.state, 'done')))
    .orderBy(desc(jobs.seq))
    .limit(1)
  return row?.at ?? 0
}

/** What a row is to do. Throws where the row is not one of this program's. */
export function readJob(row: JobRow): NewJob {
  return v.parse(jobSchema, { ...v.parse(v.looseObject({}), row.payload), kind: row.kind })
}

/** When the next job can be run, in milliseconds since 1970; null when none waits. */
export async function nextDue(reader: Reader): Promise<number | null> {
  const [row] = await reader
    .select({
      at: sql<
        number | null
      >`min(case when ${jobs.state} = 'waiting' then ${jobs.runAt} else ${jobs.leaseUntil} end)`,
    })
    .from(jobs)
    .where(inArray(jobs.state, ['waiting', 'running']))
  return row?.at ?? null
}

/**
 * Takes the oldest job that is due and first in its lane, for as long as the lease lasts. A job whose lease ran out
 * is taken again: whoever had it is gone.
 */
export async function leaseJob(
  tx: Transaction,
  lease: { owner: string; now: number; until: number },
): Promise<LeasedJob | null> {
  const { now } = lease
  const [row] = await tx
    .update(jobs)
    .set({
      state: 'running',
      leaseOwner: lease.owner,
      leaseUntil: lease.until,
      attempts: sql`${jobs.attempts} + 1`,
    })
    .where(
      eq(
        jobs.seq,
        sql`(select j.seq from jobs j
          where ((j.state = 'waiting' and j.run_at <= ${now}) or (j.state = 'running' and j.lease_until <= ${now}))
            and not exists (select 1 from jobs o where o.lane = j.lane and o.seq <> j.seq
              and ((o.state in ('waiting', 'running') and o.seq < j.seq) or (o.state = 'running' and o.lease_until > ${now})))
          order by j.run_at, j.seq limit 1)`,
      ),
    )
    .returning()
  return row === undefined ? null : { row, job: readJob(row) }
}

/** Keeps a lease; false when it was lost. */
export async function renewLease(
  tx: Transaction,
  seq: number,
  owner: string,
  until: number,
): Promise<boolean> {
  const kept = await tx
    .update(jobs)
    .set({ leaseUntil: until })
    .where(mine(seq, owner))
    .returning({ seq: jobs.seq })
  return kept.length > 0
}

/** Gives a job out of one's hands, with what came of it; false when the lease was lost, and then nothing is changed. */
export async function releaseJob(
  tx: Transaction,
  seq: number,
  owner: string,
  end: Pick<JobRow, 'state'> &
    Partial<Pick<JobRow, 'runAt' | 'error' | 'finishedAt' | 'attempts' | 'payload'>>,
): Promise<boolean> {
  const done = await tx
    .update(jobs)
    .set({ leaseOwner: null, leaseUntil: null, ...end })
    .where(mine(seq, owner))
    .returning({ seq: jobs.seq })
  return done.length > 0
}

const mine = (seq: number, owner: string) =>
  and(eq(jobs.seq, seq), eq(jobs.leaseOwner, owner), eq(jobs.state, 'running'))

/** Gives back everything that one worker holds, as if it had never taken it. */
export async function releaseAll(tx: Transaction, owner: string): Promise<void> {
  await tx
    .update(jobs)
    .set({ state: 'waiting', leaseOwner: null, leaseUntil: null, attempts: sql`${jobs.attempts} - 1` })
    .where(and(eq(jobs.leaseOwner, owner), eq(jobs.state, 'running')))
}

/** Lets a job that failed or waits run at once, with its tries counted anew; false when it is done or running. */
export async function hastenJob(tx: Transaction, id: string, now: number): Promise<JobRow | null> {
  const [row] = await tx
    .update(jobs)
    .set({ state: 'waiting', runAt: now, attempts: 0, finishedAt: null })
    .where(and(eq(jobs.id, id), inArray(jobs.state, ['failed', 'waiting'])))
    .returning()
  return row ?? null
}

export async function findJobs(reader: Reader, registrationId: string): Promise<JobRow[]> {
  return reader.select().from(jobs).where(eq(jobs.registrationId, registrationId)).orderBy(asc(jobs.seq))
}

/** Jobs that belong to no registration and failed, or keep failing. */
export async function findStuck(reader: Reader): Promise<JobRow[]> {
  return reader
    .select()
    .from(jobs)
    .where(
      and(
        isNull(jobs.registrationId),
        sql`(${jobs.state} = 'failed' or (${jobs.state} = 'waiting' and ${jobs.error} is not null))`,
      ),
    )
    .orderBy(asc(jobs.seq))
    .limit(100)
}

/** What is to be done, or failed and stands before a moderator. */
const isPending = inArray(jobs.state, ['waiting', 'running', 'failed'])

const removes = (username: string) =>
  and(eq(jobs.kind, 'remove_account'), sql`json_extract(${jobs.payload}, '$.username') = ${username}`)

/** Whether a removal of this account is still to be done. */
export async function isRemovalPending(reader: Reader, username: string): Promise<boolean> {
  const rows = await reader
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(and(isPending, removes(username)))
  return rows.length > 0
}

/** What is still to be done for a registration, and whether that is to remove this account. */
export async function findPendingKinds(
  reader: Reader,
  registrationId: string | null,
  username: string,
): Promise<JobKind[]> {
  const its = registrationId === null ? sql`false` : eq(jobs.registrationId, registrationId)
  const rows = await reader
    .selectDistinct({ kind: jobs.kind })
    .from(jobs)
    .where(and(isPending, or(removes(username), and(its, ne(jobs.kind, 'remove_account')))))
    .orderBy(asc(jobs.kind))
  return rows.map(({ kind }) => kind)
}

/** Ended jobs without a registration are of no use after a while. */
export async function deleteEndedJobs(tx: Transaction, before: number): Promise<void> {
  await tx
    .delete(jobs)
    .where(
      and(
        isNull(jobs.registrationId),
        inArray(jobs.state, ['done', 'cancelled']),
        lt(jobs.finishedAt, before),
      ),
    )
}
