import type { Action } from '$lib/registration/decide'
import { aboutOf, type Blame, type NewJob, type Outside } from '$lib/registration/job'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import { isOnProbation, isOpeningFailed } from '$lib/registration/state'
import { insertEvents } from '../database/events'
import { findFailed, retryFailed } from '../database/failed-jobs'
import {
  dismissJob,
  findJob,
  findJobs,
  hastenJob,
  hastenNext,
  isStopped,
  releaseJob,
  type JobRow,
  type LeasedJob,
} from '../database/jobs'
import type { Transaction } from '../database/open'
import { hastenRefused, reviveMails } from '../database/refused-mails'
import { findRegistration } from '../database/registrations'
import { payloadOf } from '../database/stored-job'
import { alike } from './failed-jobs'
import { SYSTEM, type AccountChange, type RegistrationParts } from './transaction'

/** The result of a job. */
export type JobResult =
  /**
   * `action` is decided on, `account` and `events` are recorded, in the transaction that ends the job; if the action
   * is refused, `otherwise` replaces `account`.
   */
  | {
      state: 'done'
      action?: Action
      account?: AccountChange
      otherwise?: AccountChange
      events?: AuditEvent[]
    }
  /** No longer needed. */
  | { state: 'cancelled'; reason: string }
  /** `unanswered`: this attempt may have succeeded. `blame`: for a rejected email. `to`: the recipients left. */
  | {
      state: 'waiting'
      runAt: number
      error: string
      unanswered?: boolean
      blame?: Blame | null
      to?: string[]
    }
  /** Whether it is needed is known at that time: until then, it is as if it had not been tried. */
  | { state: 'postponed'; runAt: number }
  | { state: 'failed'; error: string; blame?: Blame | null }

/** A decision against what a job does came while it ran. */
export const STOPPED = {
  state: 'cancelled',
  reason: 'The registration is no longer approved',
} satisfies JobResult

/** How many are retried in one transaction, so that nobody waits for all of them. */
const RETRIED_AT_ONCE = 200
/** The delay of an email that waits for an outage to end: longer than trying all others takes. */
const REST_MS = 60 * 60_000

export type JobResults = ReturnType<typeof createJobResults>

/** Ends, postpones and retries jobs, each with what it changed. */
export function createJobResults({
  database,
  clock,
  transaction: { actIn, record, enqueue, toRoom },
}: RegistrationParts) {
  const noteRetry = (tx: Transaction, { registrationId, kind }: JobRow, actor: Actor) =>
    insertEvents(tx, registrationId, [{ kind: 'job_retried', detail: { job: kind } }], actor, clock())
  async function noteRetries(tx: Transaction, rows: JobRow[], actor: Actor): Promise<void> {
    for (const registrationId of new Set(rows.map((row) => row.registrationId))) {
      const its = rows.filter((row) => row.registrationId === registrationId)
      const happened = its.map(({ kind }) => ({ kind: 'job_retried', detail: { job: kind } }) as const)
      await insertEvents(tx, registrationId, happened, actor, clock())
    }
  }

  return {
    /**
     * Ends or postpones a job, together with what it changed. False if its lease was lost meanwhile: then another
     * worker has it, and nothing is written.
     */
    async finish({ row, job }: LeasedJob, owner: string, came: JobResult): Promise<boolean> {
      return database.write(async (tx) => {
        const tellRoom = async (isTurned: boolean) => {
          if (row.registrationId !== null && isTurned)
            await enqueue(tx, null, await toRoom(tx, row.registrationId))
        }
        if (came.state === 'postponed') {
          const anew = { attempts: 0, error: null, blame: null, finishedAt: null }
          const released = { ...anew, state: 'waiting', runAt: came.runAt } as const
          if (!(await releaseJob(tx, row.seq, owner, released))) return false
          await tellRoom(row.error !== null)
          return true
        }
        const isOver = came.state === 'done' || came.state === 'cancelled'
        const end = isOver || !(await isStopped(tx, row.seq)) ? came : STOPPED
        const common = {
          state: end.state,
          finishedAt: end.state === 'waiting' ? null : clock(),
          blame: end.state === 'waiting' || end.state === 'failed' ? (end.blame ?? null) : null,
        }
        const written =
          end.state === 'waiting'
            ? {
                ...common,
                runAt: end.runAt,
                error: end.error,
                unanswered: row.unanswered + (end.unanswered === true ? 1 : 0),
                ...(end.to === undefined ? {} : { payload: payloadOf({ ...job, to: end.to }) }),
              }
            : {
                ...common,
                error: end.state === 'done' ? null : end.state === 'failed' ? end.error : end.reason,
              }
        if (!(await releaseJob(tx, row.seq, owner, written))) return false
        if (end.state === 'failed')
          await insertEvents(tx, row.registrationId, [jobEvent('job_failed', job)], SYSTEM, clock())
        // What failed is said in the moderators' room, and once it worked, no longer.
        await tellRoom(end.state === 'failed' || (end.state !== 'waiting' && row.error !== null))
        if (end.state !== 'done') return true
        const acted =
          end.action === undefined || row.registrationId === null
            ? null
            : await actIn(tx, row.registrationId, end.action, SYSTEM)
        const account = acted?.ok === false ? (end.otherwise ?? end.account) : end.account
        if (account !== undefined) await record(tx, account)
        const happened =
          end.action === undefined && end.events === undefined
            ? [jobEvent('job_done', job)]
            : (end.events ?? [])
        await insertEvents(tx, row.registrationId, happened, SYSTEM, clock())
        return true
      })
    },

    /**
     * Emails that ended because of their recipients wait again, because all recipients are being rejected. They are
     * tried one by one (`hastenRefused`), and all at once when one is accepted.
     */
    async waitAgain(ids: string[], error: string): Promise<void> {
      if (ids.length === 0) return
      await database.write(async (tx) => {
        const rows = await reviveMails(tx, { ids, error, runAt: clock() + REST_MS })
        for (const row of rows) await noteRetry(tx, row, SYSTEM)
      })
    },

    /** Lets the email that was rejected because of us longest ago be tried at once; false if none is waiting. */
    hastenRefused: () => database.write((tx) => hastenRefused(tx, clock())),

    /** Lets the job that waits longest for this be tried at once; false if none is waiting. */
    hastenNext: (outside: Outside) => database.write((tx) => hastenNext(tx, outside, clock())),

    /** Retries all emails that were rejected because of us, including those given up; false if none is waiting. */
    async retryRefused(): Promise<boolean> {
      return database.write(async (tx) => {
        const rows = await reviveMails(tx, { ids: null, error: null, runAt: clock() })
        for (const row of rows) await noteRetry(tx, row, SYSTEM)
        return hastenRefused(tx, clock(), { all: true })
      })
    },

    /** The kinds of failed jobs of a registration that are shown to moderators. */
    failedKinds: (registrationId: string) =>
      database.read(async (reader) =>
        (await findJobs(reader, registrationId))
          .filter(({ state }) => state === 'failed')
          .map(({ kind }) => kind),
      ),

    /**
     * A moderator dismisses a failed job: it was done by hand, or is not needed. An approval that cannot be carried
     * out is decided again instead; a suspension that cannot be lifted is tried again, or ends as a denial.
     */
    async dismissJob(id: string, actor: Actor): Promise<Result<null>> {
      return database.write(async (tx) => {
        const job = await findJob(tx, id)
        if (job?.state !== 'failed') return refuse({ code: 'job_not_waiting' })
        const registration =
          job.registrationId === null ? null : await findRegistration(tx, job.registrationId)
        if (!isDismissible(job, registration)) return refuse({ code: 'decision_needed' })
        await dismissJob(tx, job.seq, clock())
        const detail = { job: job.kind }
        await insertEvents(tx, job.registrationId, [{ kind: 'job_dismissed', detail }], actor, clock())
        if (job.registrationId !== null) await enqueue(tx, null, await toRoom(tx, job.registrationId))
        return accept(null)
      })
    },

    /** A moderator retries a job at once; false if it is done, running or unknown. */
    async retryJob(id: string, actor: Actor): Promise<boolean> {
      return database.write(async (tx) => {
        const row = await hastenJob(tx, id, clock())
        if (row === null) return false
        await noteRetry(tx, row, actor)
        return true
      })
    },

    /** A moderator retries all jobs that failed for the same reason as this one; returns how many there were. */
    async retryAlike(id: string, actor: Actor): Promise<number> {
      const [one] = await database.read((reader) => findFailed(reader, { id }))
      if (one === undefined) return 0
      let count = 0
      for (let before: number | null = null, full = true; full;) {
        const retry = async (tx: Transaction) => {
          const page = await findFailed(tx, { before, limit: RETRIED_AT_ONCE })
          const rows = await retryFailed(
            tx,
            alike([one, ...page], id).map((job) => job.id),
            clock(),
          )
          await noteRetries(tx, rows, actor)
          return { page, retried: rows.length }
        }
        const { page, retried }: Awaited<ReturnType<typeof retry>> = await database.write(retry)
        count += retried
        before = page.at(-1)?.seq ?? null
        full = page.length === RETRIED_AT_ONCE
      }
      return count
    },
  }
}

/** Whether a moderator may dismiss a failed job. */
export function isDismissible(
  { kind, state }: Pick<JobRow, 'kind' | 'state'>,
  registration: Registration | null,
): boolean {
  return (
    state === 'failed' &&
    !(kind === 'open_account' && registration !== null && isOpeningFailed(registration)) &&
    !(kind === 'lift_suspension' && registration !== null && isOnProbation(registration))
  )
}

function jobEvent(kind: 'job_done' | 'job_failed', job: NewJob): AuditEvent {
  const about = aboutOf(job)
  return { kind, detail: { job: job.kind, ...(about === null ? {} : { [about.field]: about.value }) } }
}
