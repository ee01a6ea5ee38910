import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  min,
  ne,
  not,
  notInArray,
  or,
  sql,
  type Placeholder,
  type SQL,
} from 'drizzle-orm'
import { definitionOf, JOB_KINDS, placeOf, type JobKind, type NewJob } from '$lib/registration/job'
import { CHANNELS, OUTSIDES, type Outside, type Payload } from '$lib/registration/job-definition'
import { LONGEST_AHEAD_MS } from '$lib/registration/time'
import { AWAITED_MAILS, MAILS_TO_STRANGERS, UNDONE_MAILS } from '$lib/registration/mail-job'
import { insertEvents } from './events'
import type { Reader, Transaction } from './open'
import { asStored, perConnection, placeholders } from './prepared-query'
import { jobs, registrations } from './schema'
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
/** What a job depends on, by the domain's rule (`outsideOf`), for the alias of a row. */
const outsideOfRow = (row: 'j' | 'o' | 'jobs') => {
  const channels = Object.entries(CHANNELS).map(
    ([lane, outside]) => `when ${row}.lane = '${lane}' then '${outside}'`,
  )
  const kinds = OUTSIDES.flatMap((outside) => {
    const its = JOB_KINDS.filter((kind) => needsOf(kind) === outside).map((kind) => `'${kind}'`)
    return its.length === 0 ? [] : [`when ${row}.kind in (${its.join(', ')}) then '${outside}'`]
  })
  return sql.raw(`case ${[...channels, ...kinds].join(' ')} else 'homeserver' end`)
}
const needsOf = (kind: JobKind): Outside | null => {
  const place = definitionOf(kind)
  return 'needs' in place ? place.needs : null
}

/** An email that somebody waits for in front of a page. */
const isAwaited = (row: 'j' | 'jobs') =>
  and(sql`${sql.raw(row)}.kind = 'mail'`, inArray(fieldOf(sql.raw(`${row}.payload`), 'mail'), AWAITED_MAILS))

/**
 * Stores a job; it may run after its delay, in milliseconds from `now` on. It is skipped where its kind says that one
 * like it covers it: a form submitted ten times is one email.
 */
export async function insertJob(
  tx: Transaction,
  job: NewJob,
  options: { id: string; registrationId: string | null; now: number; rest: number },
): Promise<void> {
  const { kind } = job
  const { gathers, notBefore } = definitionOf(kind)
  const { lane, registrationId } = placeOf(job, options.registrationId)
  const payload = payloadOf(job)
  if (await isCovered(tx, kind, payload, lane)) return
  let runAt = notBefore?.(job) ?? options.now + options.rest
  if (gathers === true) runAt = Math.max(runAt, (await lastFinished(tx, kind, lane)) + GATHER_MS)
  const { id, now: createdAt } = options
  const values = { id, lane, registrationId, kind, payload, runAt, createdAt }
  await jobInsert(tx).run(asStored(getTableColumns(jobs), values))
}

const { id, lane, registrationId, kind, payload, runAt, createdAt } = jobs
const jobInsert = perConnection((tx: Transaction) =>
  tx
    .insert(jobs)
    .values({
      ...placeholders({ id, lane, registrationId, kind, payload, runAt, createdAt }),
      state: 'waiting',
    })
    .prepare(),
)

const UNDONE_KINDS = JOB_KINDS.filter((kind) => definitionOf(kind).undone === true)

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
    or(inArray(jobs.kind, UNDONE_KINDS), inArray(fieldOf(jobs.payload, 'mail'), UNDONE_MAILS)),
  )
  const resting = and(eq(jobs.state, 'waiting'), eq(jobs.attempts, 0), gt(jobs.runAt, now))
  if ((await tx.$count(jobs, and(asked, not(resting ?? sql`false`)))) > 0) return false
  await tx.update(jobs).set({ state: 'cancelled', finishedAt: now }).where(asked)
  return true
}

/** Whether there is a job that covers this one as well (`once` in the definition of its kind). */
async function isCovered(tx: Transaction, kind: JobKind, payload: Payload, lane: string): Promise<boolean> {
  const { once } = definitionOf(kind)
  const query = COVERING.get(kind)
  if (once === undefined || query === undefined) return false
  const values =
    once.by === 'payload'
      ? asStored({ payload: jobs.payload }, { payload })
      : Object.fromEntries(once.by.map((field) => [keyOf(field), asExtracted(payload[field])]))
  return (await query(tx).all({ lane, ...values })).length > 0
}

const keyOf = (field: string) => `field ${field}`

const covering = (kind: JobKind, { by, everywhere, ever }: Once) =>
  perConnection((tx: Transaction) => {
    const alike =
      by === 'payload'
        ? [eq(jobs.payload, sql.placeholder('payload'))]
        : by.map((field) => sql`${fieldOf(jobs.payload, field)} is ${sql.placeholder(keyOf(field))}`)
    return tx
      .select({ seq: jobs.seq })
      .from(jobs)
      .where(
        and(
          everywhere === true ? undefined : eq(jobs.lane, sql.placeholder('lane')),
          ...(ever === true
            ? [ne(jobs.state, 'cancelled')]
            : [eq(jobs.state, 'waiting'), eq(jobs.attempts, 0)]),
          eq(jobs.kind, kind),
          ...alike,
        ),
      )
      .limit(1)
      .prepare()
  })
type Once = NonNullable<ReturnType<typeof definitionOf>['once']>
const COVERING = new Map(
  JOB_KINDS.flatMap((kind) => {
    const { once } = definitionOf(kind)
    return once === undefined ? [] : [[kind, covering(kind, once)]]
  }),
)

/** As `json_extract` returns it. */
const asExtracted = (value: unknown) => (typeof value === 'boolean' ? Number(value) : (value ?? null))

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
 * When the next job can run that depends on nothing in `closed`, in milliseconds since 1970; null if none is waiting.
 * `awaited`: only emails that somebody waits for count. `running`: the rows that the worker who asks runs itself.
 */
export async function nextDue(
  reader: Reader,
  {
    closed,
    now,
    awaited = false,
    running = [],
  }: { closed: Outside[]; now: number; awaited?: boolean; running?: readonly number[] },
): Promise<number | null> {
  const times = { now, latest: now + LONGEST_AHEAD_MS, running: JSON.stringify(running) }
  const usable = closed.length === 0 ? undefined : notInArray(outsideOfRow('jobs'), closed)
  const which = awaited ? and(usable, isAwaited('jobs')) : usable
  const [row] = await (which === undefined ? dueOfAll(reader) : dueOf(reader, which)).all(times)
  return row?.at ?? null
}

/** Whether the worker who asks runs a job itself, however its lease stands: the clock may have jumped. */
const isRunHere = (seq: SQL) => sql`${seq} in (select value from json_each(${sql.placeholder('running')}))`

const dueOf = (reader: Reader, which: SQL | undefined) =>
  reader
    .select({
      at: sql<number | null>`min(case
        when ${jobs.state} = 'waiting' and ${jobs.runAt} <= ${sql.placeholder('latest')} then ${jobs.runAt}
        when ${jobs.state} = 'running' and ${jobs.leaseUntil} <= ${sql.placeholder('latest')} then ${jobs.leaseUntil}
        else ${sql.placeholder('now')} end)`,
    })
    .from(jobs)
    .where(
      and(
        inArray(jobs.state, ['waiting', 'running']),
        sql`not (${jobs.state} = 'running' and ${isRunHere(sql`${jobs.seq}`)})`,
        which,
      ),
    )
    .prepare()
const dueOfAll = perConnection((reader: Reader) => dueOf(reader, undefined))

/** A row that this version of the program cannot read. */
const UNREADABLE =
  'This version of the program cannot read this job: another version wrote it, or the row is damaged. Install the latest version and retry, or do by hand what is missing'

const URGENT = sql.raw(
  JOB_KINDS.filter((kind) => definitionOf(kind).urgent === true)
    .map((kind) => `'${kind}'`)
    .join(', '),
)

/**
 * Leases the oldest job that is due, first in its lane and depends on nothing in `closed`. `awaited`: only an email
 * that somebody waits for. What is to be said later by email or in the moderators' room, and was not tried yet, keeps
 * nothing waiting that is to be said there now. A job whose lease expired is leased again: its worker is gone; except one
 * of `running`, the rows that the worker who asks runs itself. One that cannot be read fails with that error, so that
 * moderators see it and it blocks no other: then `job` is null.
 */
export async function leaseJob(
  tx: Transaction,
  lease: {
    owner: string
    now: number
    until: number
    closed: Outside[]
    awaited?: boolean
    running?: readonly number[]
  },
): Promise<LeasedJob | { row: JobRow; job: null } | null> {
  const { owner, now, until, closed, running = [] } = lease
  const usable = closed.length === 0 ? undefined : notInArray(outsideOfRow('j'), closed)
  const which = lease.awaited === true ? and(usable, isAwaited('j')) : usable
  const times = { until, beyond: now + 1, latest: now + LONGEST_AHEAD_MS }
  const values = { owner, ...times, running: JSON.stringify(running) }
  const [row] = await (which === undefined ? leaseOfAll(tx) : leaseOf(tx, which)).all(values)
  if (row === undefined) return null
  const job = readJob(row)
  if (job !== null) return { row, job }
  await putAside(tx, row, now)
  return { row, job: null }
}

/** A time that is due, or was written while the clock was wrong. */
const isDue = (column: SQL) =>
  sql`${column} not between ${sql.placeholder('beyond')} and ${sql.placeholder('latest')}`

const leaseOf = (tx: Transaction, which: SQL | undefined) =>
  tx
    .update(jobs)
    .set({
      state: 'running',
      leaseOwner: sql`${sql.placeholder('owner')}`,
      leaseUntil: sql`${sql.placeholder('until')}`,
      attempts: sql`${jobs.attempts} + 1`,
      unanswered: sql`${jobs.unanswered} + (${jobs.state} = 'running')`,
    })
    .where(
      eq(
        jobs.seq,
        sql`(select j.seq from jobs j
          where ((j.state = 'waiting' and ${isDue(sql`j.run_at`)})
              or (j.state = 'running' and ${isDue(sql`j.lease_until`)} and not ${isRunHere(sql`j.seq`)}))
            ${which === undefined ? sql`` : sql`and ${which}`}
            and not exists (select 1 from jobs o where o.lane = j.lane and o.state in ('waiting', 'running') and o.seq <> j.seq
              and ((o.seq < j.seq
                  and not (o.state = 'waiting' and o.error is not null
                    and (${outsideOfRow('o')} = 'mail' or j.kind in (${URGENT})))
                  and not (o.state = 'waiting' and o.attempts = 0 and not ${isDue(sql`o.run_at`)}
                    and (o.lane = 'room' or ${outsideOfRow('o')} = 'mail')))
                or (o.state = 'running' and (not ${isDue(sql`o.lease_until`)} or ${isRunHere(sql`o.seq`)}))))
          order by j.run_at, j.seq limit 1)`,
      ),
    )
    .returning()
    .prepare()
const leaseOfAll = perConnection((tx: Transaction) => leaseOf(tx, undefined))

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

/** How a job ended, or when it is tried again; what is not given stays. */
export type JobEnd = Pick<JobRow, 'state' | 'error' | 'finishedAt' | 'blame'> &
  Partial<Pick<JobRow, 'runAt' | 'attempts' | 'unanswered' | 'payload'>>

/** Releases a job with its result; false if the lease was lost, and then nothing is changed. */
export async function releaseJob(tx: Transaction, seq: number, owner: string, end: JobEnd): Promise<boolean> {
  const values = { ...NOTHING_NEW, ...end }
  const done = await jobRelease(tx).all({ seq, owner, ...asStored(getTableColumns(jobs), values) })
  return done.length > 0
}

const NOTHING_NEW = { runAt: null, attempts: null, unanswered: null, payload: null }
const jobRelease = perConnection((tx: Transaction) => {
  const { state, error, finishedAt, blame, runAt, attempts, unanswered, payload } = getTableColumns(jobs)
  const given = placeholders({ runAt, attempts, unanswered, payload })
  return tx
    .update(jobs)
    .set({
      leaseOwner: null,
      leaseUntil: null,
      ...placeholders({ state, error, finishedAt, blame }),
      runAt: sql`coalesce(${given.runAt}, ${runAt})`,
      attempts: sql`coalesce(${given.attempts}, ${attempts})`,
      unanswered: sql`coalesce(${given.unanswered}, ${unanswered})`,
      payload: sql`coalesce(${given.payload}, ${payload})`,
    })
    .where(mine(sql`${sql.placeholder('seq')}`, sql`${sql.placeholder('owner')}`))
    .returning({ seq: jobs.seq })
    .prepare()
})

const mine = (seq: number | SQL, owner: string | SQL) =>
  and(eq(jobs.seq, seq), eq(jobs.leaseOwner, owner), eq(jobs.state, 'running'))

/**
 * Releases everything that one worker holds, as if it had never been leased. An email may have been handed over, and its
 * answer not awaited.
 */
export async function releaseAll(tx: Transaction, owner: string): Promise<void> {
  await tx
    .update(jobs)
    .set({
      state: 'waiting',
      leaseOwner: null,
      leaseUntil: null,
      attempts: sql`${jobs.attempts} - 1`,
      unanswered: sql`${jobs.unanswered} + (${outsideOfRow('jobs')} = 'mail')`,
    })
    .where(and(eq(jobs.leaseOwner, owner), eq(jobs.state, 'running')))
}

/** An email to an address that nobody confirmed and no registration has. */
const isToStranger = sql`coalesce(${inArray(fieldOf(jobs.payload, 'mail'), MAILS_TO_STRANGERS)}, false)`

/**
 * An email that its recipient's server refuses, to an address that nobody has confirmed: mistyped, most likely, so that
 * no moderator can do anything about it.
 */
export const isMistyped = sql`(${jobs.blame} is 'receiver' and (${isToStranger} or exists (select 1 from ${registrations}
  where ${registrations.id} = ${jobs.registrationId} and ${registrations.state} = 'started')))`

/**
 * How many jobs of each kind are not over: they wait, run, or have failed and need a moderator. Kinds of other versions
 * included.
 */
export async function countJobs(
  reader: Reader,
): Promise<{ kind: string; state: 'waiting' | 'running' | 'failed'; count: number }[]> {
  const found = []
  for (const state of ['waiting', 'running', 'failed'] as const) {
    const rows = await reader
      .select({ kind: jobs.kind, count: count() })
      .from(jobs)
      .where(and(eq(jobs.state, state), state === 'failed' ? sql`not ${isMistyped}` : undefined))
      .groupBy(jobs.kind)
    found.push(...rows.map((row) => ({ ...row, state })))
  }
  return found
}

/** Since when the oldest job is due that waits, in milliseconds since 1970; null if none is. */
export async function findOldestDue(reader: Reader, now: number): Promise<number | null> {
  const [row] = await reader
    .select({ at: min(jobs.runAt) })
    .from(jobs)
    .where(and(eq(jobs.state, 'waiting'), lte(jobs.runAt, now)))
  return row?.at ?? null
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

/**
 * Lets one job that depends on this run now: the one that is due for longest, or else is tried again next. False if none
 * was due or tried, and none is running.
 */
export async function hastenNext(tx: Transaction, outside: Outside, now: number): Promise<boolean> {
  const its = (state: JobRow['state']) => and(eq(jobs.state, state), inArray(outsideOfRow('jobs'), [outside]))
  const isDueNow = or(lte(jobs.runAt, now), gt(jobs.runAt, now + LONGEST_AHEAD_MS))
  const [next] = await tx
    .select({ seq: jobs.seq, runAt: jobs.runAt })
    .from(jobs)
    .where(and(its('waiting'), or(isDueNow, isNotNull(jobs.error))))
    .orderBy(asc(jobs.runAt), asc(jobs.seq))
    .limit(1)
  if (next === undefined) return (await tx.$count(jobs, its('running'))) > 0
  if (next.runAt > now) await tx.update(jobs).set({ runAt: now }).where(eq(jobs.seq, next.seq))
  return true
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
        sql`not ${isMistyped}`,
      ),
    )
    .orderBy(asc(jobs.seq))
    .limit(100)
}

/** Jobs that are waiting, or failed and are shown to moderators. */
const isPending = inArray(jobs.state, ['waiting', 'running', 'failed'])

const names = (username: string | Placeholder) => sql`${fieldOf(jobs.payload, 'username')} = ${username}`
const removes = (username: string) => and(eq(jobs.kind, 'remove_account'), names(username))
const locks = (username: string | Placeholder) => and(eq(jobs.kind, 'lock_account'), names(username))

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
 * now: that one is not tried again, whatever comes of it (`isStopped`).
 */
export async function cancelOpening(tx: Transaction, registrationId: string, now: number): Promise<boolean> {
  const opens = and(eq(jobs.registrationId, registrationId), eq(jobs.kind, 'open_account'))
  await tx
    .update(jobs)
    .set({ state: 'cancelled', finishedAt: now })
    .where(and(opens, inArray(jobs.state, ['waiting', 'failed'])))
  const running = await tx
    .update(jobs)
    .set({ finishedAt: now })
    .where(and(opens, eq(jobs.state, 'running')))
    .returning({ seq: jobs.seq })
  return running.length > 0
}

/** Whether a job was stopped while it ran. */
export async function isStopped(tx: Transaction, seq: number): Promise<boolean> {
  return (await tx.$count(jobs, and(eq(jobs.seq, seq), isNotNull(jobs.finishedAt)))) > 0
}

const lockingCancel = perConnection((tx: Transaction) =>
  tx
    .update(jobs)
    .set({ state: 'cancelled', finishedAt: sql`${sql.placeholder('now')}` })
    .where(
      and(
        eq(jobs.lane, sql.placeholder('lane')),
        inArray(jobs.state, ['waiting', 'failed']),
        locks(sql.placeholder('username')),
      ),
    )
    .prepare(),
)

const NOTICES: JobKind[] = ['notify_moderators', 'notify_person', 'notify_room']

/**
 * A decision of that time was undone: what was to tell moderators of its request, and was cancelled since because of the
 * decision, runs after all. `newestAt`: when the request was made, or its latest answer.
 */
export async function reviveNotices(
  tx: Transaction,
  { decidedAt, newestAt, now }: { decidedAt: number; newestAt: number; now: number },
): Promise<void> {
  await tx
    .update(jobs)
    .set({ state: 'waiting', runAt: now, attempts: 0, error: null, finishedAt: null })
    .where(
      and(
        isNull(jobs.registrationId),
        eq(jobs.state, 'cancelled'),
        inArray(jobs.kind, NOTICES),
        gte(jobs.finishedAt, decidedAt),
        lte(fieldOf(jobs.payload, 'since'), newestAt),
      ),
    )
}

/** Cancels unstarted jobs that would lock this account. */
export async function cancelLocking(tx: Transaction, username: string, now: number): Promise<void> {
  await lockingCancel(tx).run({ lane: `account:${username}`, username, now })
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

/** The times until which what was stopped may still unlock this account, whatever became of the job that locks it. */
export async function findUnlockedUntil(
  reader: Reader,
  registrationId: string,
  username: string,
): Promise<number[]> {
  const rows = await reader
    .select({ until: fieldOf(jobs.payload, 'until') })
    .from(jobs)
    .where(and(eq(jobs.registrationId, registrationId), locks(username)))
  return rows.flatMap(({ until }) => (typeof until === 'number' ? [until] : []))
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

/**
 * Jobs without a registration that are finished, or that nobody can help, are useless after a while: deletes at most so
 * many, and returns how many.
 */
export async function deleteEndedJobs(tx: Transaction, before: number, limit: number): Promise<number> {
  const ended = tx
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        isNull(jobs.registrationId),
        sql`(${inArray(jobs.state, ['done', 'cancelled'])} or (${jobs.state} = 'failed' and ${isMistyped}))`,
        lt(jobs.finishedAt, before),
      ),
    )
    .limit(limit)
  const { rowsAffected } = await tx.delete(jobs).where(inArray(jobs.seq, ended))
  return rowsAffected
}
