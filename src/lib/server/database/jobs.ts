import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  ne,
  not,
  notInArray,
  or,
  sql,
} from 'drizzle-orm'
import { type JobKind, type NewJob, type Outside } from '$lib/registration/job'
import { insertEvents } from './events'
import type { Reader, Transaction } from './open'
import { jobs } from './schema'
import { fieldOf } from './stored-json'
import { payloadOf, readJob } from './stored-job'

export type JobRow = typeof jobs.$inferSelect
/** A job leased to a worker: the row, and what to do. */
export interface LeasedJob {
  row: JobRow
  job: NewJob
}

/** Notices of one kind are batched: after one was sent, the next waits this long for others. */
const GATHER_MS = 60_000
/** A server that is back within this time is not worth an alert. */
const ALERT_AFTER_MS = 5 * 60_000

/** The lane of emails to one registration, or to an address without one. */
export const laneOfMail = (registrationId: string | null, email: string | null): string =>
  registrationId === null ? `nobody mail ${email ?? ''}`.trim() : `${registrationId} mail`

/**
 * Jobs of one lane run one at a time and in order. Emails have their own lanes: neither waits for the other's server,
 * and a postponed email does not block the next, because whether an email still applies is checked when it is sent.
 */
function laneOf(job: NewJob, registrationId: string | null): string {
  switch (job.kind) {
    case 'notify_room':
      return 'room'
    case 'notify_moderators':
      return 'moderators'
    case 'notify_person':
      return `moderator ${job.moderator}`
    case 'warn_outage':
    case 'warn_auto_join':
    case 'warn_opening':
      return job.by === 'room' ? 'room' : 'moderators'
    case 'mail':
      return laneOfMail(registrationId, 'email' in job ? job.email : null)
    case 'remove_account':
    case 'lock_account':
      return registrationId ?? `account:${job.username}`
    default:
      return registrationId ?? 'nobody'
  }
}

/** Jobs for the moderators as a whole instead of one registration. */
const FOR_ALL: JobKind[] = [
  'notify_room',
  'notify_moderators',
  'notify_person',
  'warn_outage',
  'warn_auto_join',
  'warn_opening',
]

/** What a job depends on, by the domain's rule (`outsideOf`), for the alias of a row. */
const outsideOfRow = (row: 'j' | 'o' | 'jobs') =>
  sql.raw(`case when ${row}.kind in ('mail', 'notify_person') or ${row}.lane = 'moderators' then 'mail'
    when ${row}.kind = 'welcome' or ${row}.lane = 'room' then 'rooms' else 'homeserver' end`)

/**
 * Stores a job; it may run after its delay, in milliseconds from `now` on. A notice is skipped while one of its kind
 * waits unstarted, and an email or a removal while the very same one does: a form submitted ten times is one email.
 */
export async function insertJob(
  tx: Transaction,
  job: NewJob,
  options: { id: string; registrationId: string | null; now: number; rest: number },
): Promise<void> {
  const registrationId = FOR_ALL.includes(job.kind) ? null : options.registrationId
  const { kind } = job
  const payload = payloadOf(job)
  let runAt = options.now + options.rest
  if (job.kind === 'notify_room' || job.kind === 'notify_moderators' || job.kind === 'notify_person') {
    const lane = laneOf(job, null)
    if (await isGathering(tx, job, lane)) return
    runAt = Math.max(runAt, (await lastFinished(tx, kind, lane)) + GATHER_MS)
  }
  if (job.kind === 'mail' && (await isWaiting(tx, payload, laneOf(job, registrationId)))) return
  if (job.kind === 'remove_account' && (await isRemovalWaiting(tx, job.username))) return
  if (job.kind === 'warn_outage') runAt = job.since + ALERT_AFTER_MS
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

/**
 * Cancels the pending jobs of a decision made at that time; false if one of them is no longer pending, and then
 * nothing is changed.
 */
export async function cancelResting(
  tx: Transaction,
  registrationId: string,
  decidedAt: number,
  now: number,
): Promise<boolean> {
  const asked = and(
    eq(jobs.registrationId, registrationId),
    eq(jobs.createdAt, decidedAt),
    or(
      inArray(jobs.kind, ['open_account', 'remove_account']),
      sql`${fieldOf(jobs.payload, 'mail')} in ('denied', 'set_password')`,
    ),
  )
  const resting = and(eq(jobs.state, 'waiting'), eq(jobs.attempts, 0), gt(jobs.runAt, now))
  if ((await tx.$count(jobs, and(asked, not(resting ?? sql`false`)))) > 0) return false
  await tx.update(jobs).set({ state: 'cancelled', finishedAt: now }).where(asked)
  return true
}

/** Whether a notice is waiting unstarted: it will cover this one as well. */
async function isGathering(tx: Transaction, { kind, ...payload }: NewJob, lane: string): Promise<boolean> {
  const reminder = 'reminder' in payload && payload.reminder ? 1 : 0
  const why = 'why' in payload ? payload.why : ''
  const rows = await tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        eq(jobs.lane, lane),
        eq(jobs.state, 'waiting'),
        eq(jobs.kind, kind),
        eq(jobs.attempts, 0),
        sql`coalesce(${fieldOf(jobs.payload, 'why')}, '') = ${why}`,
        sql`coalesce(${fieldOf(jobs.payload, 'reminder')}, 0) = ${reminder}`,
      ),
    )
    .limit(1)
  return rows.length > 0
}

/** Whether the very same email is waiting unstarted. */
async function isWaiting(tx: Transaction, payload: object, lane: string): Promise<boolean> {
  const rows = await tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        eq(jobs.lane, lane),
        eq(jobs.state, 'waiting'),
        eq(jobs.attempts, 0),
        eq(jobs.kind, 'mail'),
        eq(jobs.payload, payload),
      ),
    )
    .limit(1)
  return rows.length > 0
}

async function isRemovalWaiting(tx: Transaction, username: string): Promise<boolean> {
  const waits = and(eq(jobs.state, 'waiting'), eq(jobs.attempts, 0))
  return (await tx.$count(jobs, and(waits, removes(username)))) > 0
}

async function lastFinished(tx: Transaction, kind: JobKind, lane: string): Promise<number> {
  const [row] = await tx
    .select({ at: jobs.finishedAt })
    .from(jobs)
    .where(and(eq(jobs.lane, lane), eq(jobs.kind, kind), eq(jobs.state, 'done')))
    .orderBy(desc(jobs.seq))
    .limit(1)
  return row?.at ?? 0
}

/**
 * No job is delayed longer, and no lease lasts longer: a time beyond was written while the clock was wrong, and
 * counts as due.
 */
export const LONGEST_AHEAD_MS = 2 * 60 * 60_000

/**
 * When the next job can run that depends on nothing in `closed`, in milliseconds since 1970; null if none is waiting.
 */
export async function nextDue(reader: Reader, closed: Outside[], now: number): Promise<number | null> {
  const latest = now + LONGEST_AHEAD_MS
  const [row] = await reader
    .select({
      at: sql<number | null>`min(case
        when ${jobs.state} = 'waiting' and ${jobs.runAt} <= ${latest} then ${jobs.runAt}
        when ${jobs.state} = 'running' and ${jobs.leaseUntil} <= ${latest} then ${jobs.leaseUntil}
        else ${now} end)`,
    })
    .from(jobs)
    .where(
      and(
        inArray(jobs.state, ['waiting', 'running']),
        closed.length === 0 ? undefined : notInArray(outsideOfRow('jobs'), closed),
      ),
    )
  return row?.at ?? null
}

/** A row that this version of the program cannot read. */
const UNREADABLE =
  'This version of the program cannot read this job: another version wrote it, or the row is damaged. Install the latest version and retry, or do by hand what is missing'

/**
 * Leases the oldest job that is due, first in its lane and depends on nothing in `closed`. A job whose lease expired
 * is leased again: its worker is gone. One that cannot be read fails with that error, so that moderators see it and
 * it blocks no other: then `job` is null.
 */
export async function leaseJob(
  tx: Transaction,
  lease: { owner: string; now: number; until: number; closed: Outside[] },
): Promise<LeasedJob | { row: JobRow; job: null } | null> {
  const { now, closed } = lease
  const latest = now + LONGEST_AHEAD_MS
  const usable = closed.length === 0 ? sql`` : sql`and ${notInArray(outsideOfRow('j'), closed)}`
  const [row] = await tx
    .update(jobs)
    .set({
      state: 'running',
      leaseOwner: lease.owner,
      leaseUntil: lease.until,
      attempts: sql`${jobs.attempts} + 1`,
      unanswered: sql`${jobs.unanswered} + (${jobs.state} = 'running')`,
    })
    .where(
      eq(
        jobs.seq,
        sql`(select j.seq from jobs j
          where ((j.state = 'waiting' and j.run_at not between ${now + 1} and ${latest})
              or (j.state = 'running' and j.lease_until not between ${now + 1} and ${latest}))
            ${usable}
            and not exists (select 1 from jobs o where o.lane = j.lane and o.seq <> j.seq
              and ((o.state in ('waiting', 'running') and o.seq < j.seq
                  and not (o.state = 'waiting' and o.error is not null and ${outsideOfRow('o')} = 'mail')) or (o.state = 'running' and o.lease_until between ${now + 1} and ${latest})))
          order by j.run_at, j.seq limit 1)`,
      ),
    )
    .returning()
  if (row === undefined) return null
  const job = readJob(row)
  if (job === null) await putAside(tx, row, now)
  return { row, job }
}

async function putAside(tx: Transaction, { seq, kind, registrationId }: JobRow, now: number): Promise<void> {
  const none = { leaseOwner: null, leaseUntil: null, blame: null }
  await tx
    .update(jobs)
    .set({ ...none, state: 'failed', error: UNREADABLE, finishedAt: now })
    .where(eq(jobs.seq, seq))
  await insertEvents(
    tx,
    registrationId,
    [{ kind: 'job_failed', detail: { job: kind } }],
    { kind: 'system' },
    now,
  )
}

/** Renews a lease; false if it was lost. */
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

/** Releases a job with its result; false if the lease was lost, and then nothing is changed. */
export async function releaseJob(
  tx: Transaction,
  seq: number,
  owner: string,
  end: Pick<JobRow, 'state'> &
    Partial<Pick<JobRow, 'runAt' | 'error' | 'finishedAt' | 'unanswered' | 'blame' | 'payload'>>,
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

/** Releases everything that one worker holds, as if it had never been leased. */
export async function releaseAll(tx: Transaction, owner: string): Promise<void> {
  await tx
    .update(jobs)
    .set({ state: 'waiting', leaseOwner: null, leaseUntil: null, attempts: sql`${jobs.attempts} - 1` })
    .where(and(eq(jobs.leaseOwner, owner), eq(jobs.state, 'running')))
}

/** How many waiting jobs depend on one of these. */
export async function countWaiting(reader: Reader, outsides: Outside[]): Promise<number> {
  return reader.$count(jobs, and(eq(jobs.state, 'waiting'), inArray(outsideOfRow('jobs'), outsides)))
}

/** Makes jobs postponed while one of these was unavailable due again, the oldest first. */
export async function endWaiting(tx: Transaction, outsides: Outside[]): Promise<void> {
  await tx
    .update(jobs)
    .set({ runAt: sql`${jobs.createdAt}` })
    .where(and(eq(jobs.state, 'waiting'), isNotNull(jobs.error), inArray(outsideOfRow('jobs'), outsides)))
}

/** Lets a failed or waiting job run at once, with a fresh retry count; false if it is done or running. */
export async function hastenJob(tx: Transaction, id: string, now: number): Promise<JobRow | null> {
  const [row] = await tx
    .update(jobs)
    .set({ state: 'waiting', runAt: now, attempts: 0, unanswered: 0, finishedAt: null })
    .where(and(eq(jobs.id, id), inArray(jobs.state, ['failed', 'waiting'])))
    .returning()
  return row ?? null
}

/** Cancels a job. */
export async function dismissJob(tx: Transaction, seq: number, now: number): Promise<void> {
  await tx.update(jobs).set({ state: 'cancelled', finishedAt: now }).where(eq(jobs.seq, seq))
}

export async function findJob(reader: Reader, id: string): Promise<JobRow | null> {
  const [row] = await reader.select().from(jobs).where(eq(jobs.id, id))
  return row ?? null
}

export async function findJobs(reader: Reader, registrationId: string): Promise<JobRow[]> {
  return reader.select().from(jobs).where(eq(jobs.registrationId, registrationId)).orderBy(asc(jobs.seq))
}

/**
 * Jobs without a registration that failed, or keep failing; except emails to an unverified address whose mailbox does
 * not exist.
 */
export async function findStuck(reader: Reader): Promise<JobRow[]> {
  return reader
    .select()
    .from(jobs)
    .where(
      and(
        isNull(jobs.registrationId),
        sql`(${jobs.state} = 'failed' or (${jobs.state} = 'waiting' and ${jobs.error} is not null))`,
        sql`not (${jobs.kind} = 'mail' and ${jobs.blame} is 'receiver' and ${fieldOf(jobs.payload, 'mail')} is 'unknown_address')`,
      ),
    )
    .orderBy(asc(jobs.seq))
    .limit(100)
}

/** Jobs that are waiting, or failed and are shown to moderators. */
const isPending = inArray(jobs.state, ['waiting', 'running', 'failed'])

const names = (username: string) => sql`${fieldOf(jobs.payload, 'username')} = ${username}`
const removes = (username: string) => and(eq(jobs.kind, 'remove_account'), names(username))
const locks = (username: string) => and(eq(jobs.kind, 'lock_account'), names(username))

/** Failed jobs of this kind are no longer needed. */
export async function dropFailed(
  tx: Transaction,
  registrationId: string,
  kind: JobKind,
  now: number,
): Promise<void> {
  await tx
    .update(jobs)
    .set({ state: 'cancelled', finishedAt: now })
    .where(and(eq(jobs.registrationId, registrationId), eq(jobs.kind, kind), eq(jobs.state, 'failed')))
}

/**
 * Cancels waiting and failed jobs that would unlock this registration's account. Returns whether one is running right
 * now.
 */
export async function cancelOpening(tx: Transaction, registrationId: string, now: number): Promise<boolean> {
  const opens = and(eq(jobs.registrationId, registrationId), eq(jobs.kind, 'open_account'))
  await tx
    .update(jobs)
    .set({ state: 'cancelled', finishedAt: now })
    .where(and(opens, inArray(jobs.state, ['waiting', 'failed'])))
  return (await tx.$count(jobs, and(opens, eq(jobs.state, 'running')))) > 0
}

/** Cancels unstarted jobs that would lock this account. */
export async function cancelLocking(tx: Transaction, username: string, now: number): Promise<void> {
  const { lane, state } = jobs
  await tx
    .update(jobs)
    .set({ state: 'cancelled', finishedAt: now })
    .where(and(eq(lane, `account:${username}`), inArray(state, ['waiting', 'failed']), locks(username)))
}

/** Whether a job to lock this account is pending. */
export async function isLockingPending(reader: Reader, username: string): Promise<boolean> {
  const rows = await reader
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(and(eq(jobs.lane, `account:${username}`), isPending, locks(username)))
    .limit(1)
  return rows.length > 0
}

/** Whether a job to remove this account is pending. */
export async function isRemovalPending(reader: Reader, username: string): Promise<boolean> {
  const rows = await reader
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(and(isPending, removes(username)))
  return rows.length > 0
}

/** Pending jobs of a registration, and whether one removes this account. */
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

/** Finished jobs without a registration are useless after a while: deletes at most so many, and returns how many. */
export async function deleteEndedJobs(tx: Transaction, before: number, limit: number): Promise<number> {
  const ended = tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        isNull(jobs.registrationId),
        inArray(jobs.state, ['done', 'cancelled']),
        lt(jobs.finishedAt, before),
      ),
    )
    .limit(limit)
  const { rowsAffected } = await tx.delete(jobs).where(inArray(jobs.seq, ended))
  return rowsAffected
}
