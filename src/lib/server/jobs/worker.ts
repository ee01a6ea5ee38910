import type { Logger } from 'pino'
import { outsideOf, type NewJob } from '$lib/registration/job'
import { AWAITED_MAILS } from '$lib/registration/mail-job'
import { LONGEST_AHEAD_MS } from '$lib/registration/time'
import { leaseJob, nextDue, releaseAll, renewLease, type LeasedJob } from '../database/jobs'
import type { Database } from '../database/open'
import { HomeserverError } from '../homeserver/homeserver'
import { withoutAddresses } from '../logging/log'
import { MailError } from '../mail/mail'
import type { CircuitBreakers } from '../outages/circuit-breaker'
import { STOPPED, type JobResult, type JobResults } from '../registrations/job-results'

/** Does one job. Throws `HomeserverError` or `MailError` if the outside fails; may be run twice. */
export type Handle = (leased: LeasedJob) => Promise<JobResult>

const LEASE_MS = 60_000
/** How many jobs, of different lanes, run at a time. */
const HANDS = 4
/** How many of them are left to emails that somebody waits for: moderators may have caused hundreds of other jobs. */
const HANDS_FOR_AWAITED = 1
/** Another process may have queued a job: poll at least this often. */
const LONGEST_NAP_MS = 2_000

const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 30 * 60_000
/**
 * A transient error that has not passed after this is final, and retrying is up to a moderator. So is one that the
 * homeserver's other calls do not share, though it looks like an outage: a proxy that blocks a single path.
 */
const PATIENCE_MS = 24 * 60 * 60_000

/**
 * Milliseconds until the next attempt after so many: doubling, at most half an hour, with a jitter of a fifth either
 * way.
 */
function backOff(attempts: number, random: () => number): number {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS)
  return Math.round(wait * (0.8 + random() * 0.4))
}

/** Better to send an email twice, with the same Message-ID, than not at all; more than twice is up to a moderator. */
const MOST_UNANSWERED = 1
const MAYBE_SENT =
  'This email was handed over twice without an answer, so it may have arrived once, twice or not at all. Retrying sends it once more'

/**
 * What happens to a job whose handler threw: postponed, or failed permanently and shown to moderators. `out`: what it
 * depends on is unavailable as a whole. `refusing`: the mail server rejects all emails, so none has failed individually.
 */
function afterError(
  error: unknown,
  row: LeasedJob['row'],
  { now, random, out, refusing }: { now: number; random: () => number; out: boolean; refusing: boolean },
): JobResult {
  const known = error instanceof HomeserverError || error instanceof MailError
  const message = known ? error.message : 'An error in this program; the log has the details'
  const firstTry = row.attempts <= 1
  const blame = error instanceof MailError ? error.blame : null
  const outage = known && (error.outage || (refusing && blame === 'us'))
  const isLong = !firstTry && now - row.createdAt > PATIENCE_MS && row.attempts > 8
  const isShared = outage && (out || error instanceof MailError)
  if ((known && error.permanent && !outage) || (isLong && !isShared))
    return { state: 'failed', error: message, blame }
  const unanswered = error instanceof MailError && error.handedOver
  if (unanswered && row.unanswered >= MOST_UNANSWERED) return { state: 'failed', error: MAYBE_SENT }
  const asked = error instanceof HomeserverError ? (error.retryAfter ?? 0) : 0
  const runAt = now + Math.max(Math.min(asked, LONGEST_AHEAD_MS / 2), backOff(row.attempts, random))
  const rest = error instanceof MailError && error.remaining.length > 0 ? { to: error.remaining } : {}
  return { state: 'waiting', runAt, error: message, unanswered, blame, ...rest }
}

const isAwaited = (job: NewJob) => job.kind === 'mail' && AWAITED_MAILS.includes(job.mail)

/** Runs due jobs, each under a lease, until stopped. */
export function createWorker({
  database,
  jobResults,
  outages,
  handle,
  clock,
  random,
  log,
  attempted,
  owner,
}: {
  database: Database
  jobResults: JobResults
  outages: Pick<
    CircuitBreakers,
    'closed' | 'probeDue' | 'started' | 'ended' | 'isOut' | 'isRefusing' | 'pause'
  >
  handle: Handle
  clock: () => number
  random: () => number
  log: Logger
  /** Counts how each attempt ended. */
  attempted: (job: NewJob, end: Exclude<JobResult['state'], 'postponed'>, isMail: boolean) => void
  /** Identifies this process in leases. */
  owner: string
}) {
  /** Each with its row, and whether somebody waits for it. */
  const running = new Map<Promise<void>, { seq: number; awaited: boolean }>()
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  /** Looking for due jobs, one look at a time: two would start more than there are hands for. */
  let looking = false
  let wokenMeanwhile = false
  let round: Promise<void> = Promise.resolve()
  let probes: Promise<void> = Promise.resolve()

  /** Whether the hands that are free are left to emails that somebody waits for. */
  const onlyAwaited = () =>
    [...running.values()].filter(({ awaited }) => !awaited).length >= HANDS - HANDS_FOR_AWAITED

  /** A job that is due now; without one, when the next one is, or null if none is waiting. */
  async function take(): Promise<{ leased: LeasedJob } | { leased: null; due: number | null }> {
    const now = clock()
    const { outsides: closed } = outages.closed()
    const awaited = onlyAwaited()
    const which = { closed, awaited, running: [...running.values()].map(({ seq }) => seq) }
    const due = await database.read((reader) => nextDue(reader, { ...which, now }))
    if (due === null || due > now) return { leased: null, due }
    for (;;) {
      const leased = await database.write((tx) => {
        // Writes may have stood in front of it for seconds.
        const begun = clock()
        return leaseJob(tx, { ...which, owner, now: begun, until: begun + LEASE_MS })
      })
      // Another process was faster, or what is due stands behind a job of its lane: that is no reason to ask at once again.
      if (leased === null) return { leased: null, due: null }
      const { row, job } = leased
      if (job !== null) {
        outages.started({ row, job })
        return { leased: { row, job } }
      }
      log.error(
        { job: row.id, kind: row.kind, registration: row.registrationId },
        'A job cannot be read and was set aside: another version of this program wrote it, or the row is damaged. Install the latest version and retry it in the queue, or do by hand what is missing and mark it as done',
      )
    }
  }

  async function run(leased: LeasedJob): Promise<void> {
    const { row, job } = leased
    const renewal = setInterval(() => {
      database
        .write((tx) => renewLease(tx, row.seq, owner, clock() + LEASE_MS))
        .catch((error: unknown) => log.warn({ err: error, job: row.id }, 'A lease could not be renewed'))
    }, LEASE_MS / 3)
    renewal.unref()
    let end: JobResult
    try {
      // It was leased before, and its worker is gone.
      if (row.finishedAt !== null) end = STOPPED
      else if (outsideOf(job) === 'mail' && row.unanswered > MOST_UNANSWERED)
        end = { state: 'failed', error: MAYBE_SENT }
      else end = await handle(leased)
      const done = { job: row.id, kind: job.kind, end: end.state }
      if (outsideOf(job) === 'mail' && end.state === 'done')
        log.info({ ...done, ...(job.kind === 'mail' ? { mail: job.mail } : {}) }, 'An email was handed over')
      else log.debug(done, 'A job ended')
    } catch (error) {
      const standing = { out: outages.isOut(job), refusing: outages.isRefusing() }
      end = afterError(error, row, { now: clock(), random, ...standing })
      if (error instanceof HomeserverError && error.kind === 'limited')
        outages.pause(job, error.retryAfter ?? 0)
      const details = { job: row.id, kind: job.kind, attempt: row.attempts, end: end.state }
      if (error instanceof HomeserverError || error instanceof MailError)
        log.warn({ ...details, reason: withoutAddresses(error.message) }, 'A job failed')
      else log.error({ ...details, err: error }, 'A job threw')
    } finally {
      clearInterval(renewal)
    }
    if (end.state !== 'postponed') attempted(job, end.state, outsideOf(job) === 'mail')
    if (!(await jobResults.finish(leased, owner, end)))
      log.warn({ job: row.id }, 'A lease was lost before the job ended')
    await outages.ended(leased, end.state)
  }

  /**
   * Starts due jobs, as many as there are free slots. Returns whether any was started, and when the next one is due;
   * null if none is waiting, or no slot is free.
   */
  async function startDue(): Promise<{ started: boolean; due: number | null }> {
    let started = false
    while (!stopping && running.size < HANDS) {
      const taken = await take()
      if (taken.leased === null) return { started, due: taken.due }
      const { leased } = taken
      started = true
      const task: Promise<void> = run(leased)
        .catch((error: unknown) =>
          log.error({ err: error, job: leased.row.id }, 'The result of a job could not be stored'),
        )
        .finally(() => {
          running.delete(task)
          wake()
        })
      running.set(task, { seq: leased.row.seq, awaited: isAwaited(leased.job) })
    }
    return { started, due: null }
  }

  /** A server that does not answer holds up only what needs it. */
  function probe(): void {
    probes = outages.probeDue().then(
      (probed) => {
        if (probed) wake()
      },
      (error: unknown) => log.error({ err: error }, 'An unavailable server could not be probed'),
    )
  }

  function wake(delay = 0): void {
    if (stopping || timer === undefined) return
    if (looking) {
      wokenMeanwhile = true
      return
    }
    clearTimeout(timer)
    timer = setTimeout(() => {
      round = tick()
    }, delay)
    timer.unref()
  }

  async function tick(): Promise<void> {
    let nap = LONGEST_NAP_MS
    looking = true
    wokenMeanwhile = false
    probe()
    try {
      const { due } = await startDue()
      const next = Math.min(due ?? Infinity, outages.closed().until)
      if (running.size < HANDS) nap = Math.min(nap, Math.max(next - clock(), 25))
    } catch (error) {
      log.error({ err: error }, 'The jobs could not be read; trying again')
    }
    looking = false
    wake(wokenMeanwhile ? 0 : nap)
  }

  return {
    /** Works until `stop`. */
    start(): void {
      if (timer !== undefined || stopping) return
      timer = setTimeout(() => undefined, 0)
      wake()
    },
    /** Checks for new jobs now instead of at the next poll. */
    nudge: () => wake(),
    /**
     * Runs everything that is due by the clock, and what follows from it, and returns when nothing is left. For tests
     * and the CLI.
     */
    async drain(): Promise<void> {
      for (;;) {
        await outages.probeDue()
        const { started } = await startDue()
        if (!started && running.size === 0) return
        await Promise.race(running.keys())
      }
    },
    /** Takes no more jobs, lets running ones finish for up to `graceMs`, and releases the others. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      clearTimeout(timer)
      await round
      const grace = new Promise((resolve) => setTimeout(resolve, graceMs).unref())
      await Promise.race([Promise.allSettled([...running.keys(), probes]), grace])
      await database.write((tx) => releaseAll(tx, owner))
    },
  }
}
