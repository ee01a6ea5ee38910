import { Cron } from 'croner'
import * as v from 'valibot'
import type { Logger } from 'pino'
import { isUnfinished, keptDays, PROMISED_DAYS, type Retention } from '$lib/registration/retention'
import type { Registration } from '$lib/registration/registration'
import { STATES, type State } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import { findOrphans, findSinceIn, type LedgerEntry } from '../database/accounts'
import { isMailPending } from '../database/registration-mails'
import { deleteEndedJobs, isLockingPending, isRemovalPending } from '../database/jobs'
import type { Database, Reader } from '../database/open'
import { lastEventAt, lastEventOf, settleSurplus } from '../database/events'
import { purge } from '../database/purge'
import { findEndedProbations, findSince, hasWaitedSince } from '../database/registrations'
import { mergeSearchIndex } from '../database/search-index'
import { findSetting, LAST_CLEAN_UP, putSetting } from '../database/settings'
import { hasLiveLink } from '../database/tokens'
import type { JobQueue } from '../registrations/job-queue'
import type { Registrar } from '../registrations/registrar'
import { PURGES } from './purges'
import { DAY, HOUR } from '$lib/registration/time'

/** A registration that a clean-up deletes, or would. */
export interface Swept {
  id: string
  username: Username
  state: State
}

const SYSTEM = { kind: 'system' } as const
const BATCH = 200
const CLOCK_TOLERANCE_MS = 10 * 60_000
const LONGEST_SILENCE_MS = 2 * DAY

/** Scheduled tasks: asks the domain what is due, and tells the registrar. */
export function createScheduler({
  database,
  registrar,
  jobQueue,
  retention,
  remindAfterHours,
  notifyPersons,
  isMailOut = () => Promise.resolve(false),
  deleteExpired,
  clock,
  log,
  uptime = () => performance.now(),
  onWork,
}: {
  database: Database
  registrar: Registrar
  jobQueue: JobQueue
  retention: Retention
  remindAfterHours: number
  /** Queues the emails that single moderators want at certain times. */
  notifyPersons: () => Promise<void>
  /** Whether emails are known not to be sent now, by any process. */
  isMailOut?: () => Promise<boolean>
  /** Expired tokens, sessions and counted attempts. */
  deleteExpired: () => Promise<void>
  clock: () => number
  /** Monotonic milliseconds. */
  uptime?: () => number
  log: Logger
  onWork: () => void
}) {
  const timers: Cron[] = []
  let mark: { clock: number; uptime: number } | null = null

  /**
   * Whether the applicant of an unfinished request was promised an email that has not been sent, has a link that still
   * works, or had sent the request, which came back incomplete: then the data is kept a while longer than usual.
   */
  async function isPromised(
    { id, state, stateSince }: Registration,
    { now, mailOut }: { now: number; mailOut: boolean },
  ): Promise<boolean> {
    if (now - stateSince >= PROMISED_DAYS * DAY) return false
    return database.read(
      async (reader) =>
        (await isMailPending(reader, id, mailOut)) ||
        (await hasLiveLink(reader, id, now)) ||
        (state === 'verified' && (await lastEventOf(reader, id, 'requested')) !== null),
    )
  }

  /** Everything that is due for deletion by the domain's rule; `dryRun` only lists it. */
  async function cleanUp({
    dryRun,
    atOnce = false,
    onGone = () => undefined,
  }: {
    dryRun: boolean
    /** See `Database.compact`. */
    atOnce?: boolean
    /** Called for each registration; there may be very many. */
    onGone?: (registration: Swept) => void
  }): Promise<{ accounts: Username[] }> {
    const accounts: Username[] = []
    const now = clock()
    for (const state of STATES) {
      const days = keptDays(state, retention)
      if (days === null) continue
      for await (const due of since(state, now - days * DAY + 1)) {
        const unfinished = isUnfinished(state)
        const mailOut = unfinished && (await isMailOut())
        // All at once: the database commits what fits into a moment together, and lets others run.
        await Promise.all(
          due.map(async (registration) => {
            const { id, username } = registration
            if (unfinished && (await isPromised(registration, { now, mailOut }))) return
            const answer = dryRun
              ? await registrar.consider(id, { type: 'expire' })
              : await registrar.act(id, { type: 'expire' }, SYSTEM)
            if (answer.ok) onGone({ id, username, state })
          }),
        )
      }
    }
    const orphans = (after: Username | null) => (reader: Reader) =>
      findOrphans(reader, now - retention.started * DAY, BATCH, after)
    for await (const { localpart } of ledger(orphans)) {
      if (await database.read((reader) => isRemovalPending(reader, localpart))) continue
      accounts.push(localpart)
      if (!dryRun) await jobQueue.enqueue([{ kind: 'remove_account', username: localpart }])
    }
    if (!dryRun) {
      await lockWhatIsOpen()
      await deleteExpired()
      await purge(database, (tx, limit) => deleteEndedJobs(tx, now - DAY, limit))
      await purge(database, (tx, limit) => settleSurplus(tx, now, limit))
      for (const deleteDue of Object.values(PURGES))
        await purge(database, (tx, limit) => deleteDue(tx, now, retention, limit))
      await compact(atOnce)
      await database.write((tx) => putSetting(tx, LAST_CLEAN_UP, now, now))
      onWork()
    }
    return { accounts }
  }

  /** All registrations that have been in a state since before a time, in batches, each once. */
  async function* since(state: State, before: number) {
    let last: { stateSince: number; id: string } | null = null
    for (;;) {
      const batch: Registration[] = await database.read((reader) =>
        findSince(reader, state, before, BATCH, last),
      )
      yield batch
      last = batch.at(-1) ?? null
      if (batch.length < BATCH) return
    }
  }

  /** All records that a query finds, which returns those after a username. */
  async function* ledger(find: (after: Username | null) => (reader: Reader) => Promise<LedgerEntry[]>) {
    let after: Username | null = null
    for (;;) {
      const batch: LedgerEntry[] = await database.read(find(after))
      yield* batch
      after = batch.at(-1)?.localpart ?? null
      if (batch.length < BATCH) return
    }
  }

  /** Deleted data can no longer be read from the files, and they shrink. */
  async function compact(atOnce: boolean): Promise<void> {
    await mergeSearchIndex(database)
    const { emptied, left } = await database.compact({ atOnce })
    if (!emptied)
      log.warn(
        'The write-ahead log of the database (-wal) could not be emptied because another program is reading the database: it contains deleted data until the next clean-up. Stop whatever reads for so long, such as an SQLite shell or a hanging backup',
      )
    if (left > 0)
      log.warn(
        { bytes: left },
        'Much of the database file is free space, but it is too large to be shrunk while the server is busy: run the command cleanup once, at a quiet hour',
      )
  }

  /**
   * Before there were jobs that lock, nobody did if the request had been interrupted; and a moderator may dismiss
   * one.
   */
  async function lockWhatIsOpen(): Promise<void> {
    const before = clock() - HOUR
    const open = (after: Username | null) => (reader: Reader) =>
      findSinceIn(reader, ['claiming', 'claimed'], before, BATCH, after)
    for await (const { localpart } of ledger(open))
      if (!(await database.read((reader) => isLockingPending(reader, localpart))))
        await jobQueue.enqueue([{ kind: 'lock_account', username: localpart }])
  }

  /** Reminds applicants of their link, and moderators of what has waited for long (once in 24 hours). */
  async function remind(): Promise<void> {
    const now = clock()
    for await (const approved of since('approved', now - (retention.approved * DAY) / 2 + 1))
      for (const { id } of approved) await registrar.act(id, { type: 'remind' }, SYSTEM)
    const waiting = await database.read((reader) => hasWaitedSince(reader, now - remindAfterHours * HOUR + 1))
    if (waiting)
      await jobQueue.enqueueDaily('reminder', [{ kind: 'notify_moderators', since: 0, reminder: true }])
    await notifyPersons()
    onWork()
  }

  /** Every probation whose time is over becomes a normal account. */
  async function endProbations(): Promise<void> {
    const now = clock()
    for (let after: { until: number; id: string } | null = null, full = true; full;) {
      const ended: { until: number; id: string }[] = await database.read((reader) =>
        findEndedProbations(reader, now, BATCH, after),
      )
      for (const { id } of ended) await registrar.act(id, { type: 'end_probation', early: false }, SYSTEM)
      after = ended.at(-1) ?? null
      full = ended.length === BATCH
    }
    onWork()
  }

  /** Registration opens with a new day, or on the day that a moderator set. */
  async function settleOpening(): Promise<void> {
    await registrar.settleOpening()
    onWork()
  }

  async function logged(what: string, task: () => Promise<unknown>): Promise<void> {
    try {
      await task()
    } catch (error) {
      log.error({ err: error }, `The scheduled ${what} failed; it is tried again at its next time`)
    }
  }

  /**
   * Whether the clock has advanced like monotonic time since the last check; at the first check, whether it is where
   * the last clean-up left it: an event may have happened since, under the wrong clock. Nobody's data is deleted
   * because of a wrong clock: an hour later it is right again, or was right.
   */
  async function isClockSteady(): Promise<boolean> {
    const before = mark
    mark = { clock: clock(), uptime: uptime() }
    if (before !== null)
      return Math.abs(mark.clock - before.clock - (mark.uptime - before.uptime)) < CLOCK_TOLERANCE_MS
    const last = await database.read(
      async (reader) =>
        (await findSetting(reader, LAST_CLEAN_UP, v.number(), { unset: null, otherwise: null })) ??
        (await lastEventAt(reader)),
    )
    return last === null || Math.abs(mark.clock - last) < LONGEST_SILENCE_MS
  }

  /** The scheduled clean-up, and the end of probations. */
  async function cleanUpBySchedule(): Promise<void> {
    if (await isClockSteady()) {
      await endProbations()
      await cleanUp({ dryRun: false })
    } else
      log.warn(
        'The clock jumped, or this program was off for a long time: the clean-up waits for its next time',
      )
  }

  return {
    cleanUp,
    endProbations,
    cleanUpBySchedule,
    remind,
    settleOpening,
    start(): void {
      const options = { protect: true, unref: true }
      timers.push(
        new Cron('7 * * * *', options, () => logged('clean-up', cleanUpBySchedule)),
        new Cron('17 * * * *', options, () => logged('reminding', remind)),
        new Cron('* * * * *', options, () => logged('look at who may register', settleOpening)),
      )
    },
    stop(): void {
      for (const timer of timers) timer.stop()
    },
  }
}
