import type { Logger } from 'pino'
import { outsideOf, SERVERS, type NewJob, type Outside, type Server } from '$lib/registration/job'
import { findAnnouncements } from '../database/announcements'
import { countWaiting, type LeasedJob } from '../database/jobs'
import type { Database } from '../database/open'
import { HomeserverError, type Homeserver } from '../homeserver/homeserver'
import { checkSetUp, isWrongSetUp } from '../homeserver/set-up'
import { MailError, type Letter, type Mailer } from '../mail/mail'
import { createMailRefusals } from './mail-refusals'
import { cleanReason, reasonOf } from './outage-reason'
import type { Announcements } from '../registrations/announcements'
import type { JobResult, JobResults } from '../registrations/job-results'

export type CircuitBreakers = ReturnType<typeof createCircuitBreakers>

/** An unavailable server, since when, and why (`reasonOf` its last error). */
export interface Outage {
  server: Server
  since: number
  reason: string
  /** How many jobs wait for it. */
  waiting: number
}

/** How many calls in a row may fail before the circuit opens. */
const FAILURES = 3
/** So many failed calls within this time are reason to probe, whatever succeeded in between. */
const SUSPICION_MS = 60_000
/** An outage that begins so soon after the last one continues it: the probe passes, and what people want still fails. */
const CONTINUES_MS = 2 * 60_000
const FIRST_PROBE_MS = 5_000
const LONGEST_PROBE_MS = 30_000
/** Even if the server asks for more, such as a proxy that asks for a day. */
const LONGEST_PAUSE_MS = 5 * 60_000
/** After an outage: the pause between two of the waiting jobs, because servers reject a burst of everything at once. */
const PACE_MS = 200
/** How long a successful check of configuration and homeserver counts. */
const SET_UP_AGE_MS = 10 * 60_000

interface Circuit {
  /** Failed calls in a row, and when the first of them was. */
  failures: number
  since: number
  /** When the last calls failed, whatever succeeded in between. */
  failedAt: number[]
  /** Set during an outage. `refuses`: it answers, but accepts none of our emails. */
  outage: { since: number; error: HomeserverError | MailError; reason: string; refuses: boolean } | null
  /** In an outage: whether the next email may be tried, and which job was started, by ID, that may try one. */
  trial: 'none' | 'offered' | { by: string }
  nextProbe: number
  wait: number
  probing: boolean
  /** The outage before: since when, when it ended, and the pause between its probes by then. */
  last: { since: number; endedAt: number; wait: number } | null
}

const key = (server: Server) => `outage ${server}`
const USES: Record<Server, Outside[]> = { homeserver: ['homeserver', 'rooms'], mail: ['mail'] }
const serverOf = (outside: Outside): Server => (outside === 'mail' ? 'mail' : 'homeserver')

/**
 * Circuit breakers for homeserver and mail server. After calls in a row fail with an error that would affect all
 * others too, further ones fail at once, so that nobody waits for a time-out; jobs for that server wait untouched;
 * moderators see it in the queue, and are notified through the other server. A periodic probe ends it; then waiting
 * jobs run, oldest first, one after the other. A mail server that passes its probe may still take no email: then one
 * that waits is tried after each probe, and what becomes of that ends the outage; if it turns out not to be needed, the
 * next one is tried. A mail server that answers but rejects our emails counts as unavailable as well: there a waiting email
 * is the probe, and the outage ends when one is accepted. New emails are tried meanwhile, because it may accept those.
 */
export function createCircuitBreakers({
  database,
  announcements,
  jobResults,
  homeserver,
  mailer,
  hasRoom,
  clock,
  log,
}: {
  database: Database
  announcements: Announcements
  jobResults: JobResults
  homeserver: Homeserver
  mailer: Mailer
  /** Whether the moderators have a room for notifications. */
  hasRoom: boolean
  clock: () => number
  log: Logger
}) {
  const circuit = (): Circuit => ({
    failures: 0,
    since: 0,
    failedAt: [],
    outage: null,
    trial: 'none',
    nextProbe: 0,
    wait: FIRST_PROBE_MS,
    probing: false,
    last: null,
  })
  const circuits: Record<Server, Circuit> = { homeserver: circuit(), mail: circuit() }
  const refusals = createMailRefusals({ clock })
  /** Until when no job that depends on this may start. */
  const pauses = new Map<Outside, number>()
  /** Jobs older than this run one at a time. */
  const backAt: Record<Server, number> = { homeserver: 0, mail: 0 }

  const probes: Record<Server, () => Promise<unknown>> = {
    mail: () => mailer.check(),
    homeserver: lookAtSetUp,
  }
  /** When the homeserver was last checked, and whether it matched the configuration. */
  let looked: { at: number; right: boolean } | null = null
  let looking: Promise<void> | null = null

  /** Checks whether this configuration can work with the homeserver; concurrent callers share one check. */
  function lookAtSetUp(): Promise<void> {
    looking ??= checkSetUp(homeserver)
      .then(
        () => {
          looked = { at: clock(), right: true }
        },
        (error: unknown) => {
          looked = { at: clock(), right: false }
          throw error
        },
      )
      .finally(() => {
        looking = null
      })
    return looking
  }

  /** The same, and an error counts at once as an outage that only an operator can end. */
  async function findSetUpProblem(): Promise<HomeserverError | null> {
    try {
      await lookAtSetUp()
      return null
    } catch (error) {
      if (!(error instanceof HomeserverError)) throw error
      if (isWrongSetUp(error)) await tell('homeserver', error)
      return error
    }
  }

  /** Updates what is known of an outage; begins one if there is none. */
  async function tell(
    server: Server,
    error: HomeserverError | MailError,
    to: readonly string[] = [],
  ): Promise<void> {
    const { outage } = circuits[server]
    const reason = reasonOf(error, to)
    if (outage === null) return begin(server, error, { since: clock(), reason, refuses: false })
    const isSame = outage.reason === reason
    // What is resumed has lost its kind, which this error has, in the same words.
    Object.assign(outage, { error, reason })
    if (isSame) return
    log.error({ server, reason }, 'A server is still unavailable, for another reason')
    await announcements.warnAnew(key(server), reason)
  }

  async function begin(
    server: Server,
    error: HomeserverError | MailError,
    { since: begun, reason, refuses }: { since: number; reason: string; refuses: boolean },
  ): Promise<void> {
    const state = circuits[server]
    const last = continued(state)
    const since = last?.since ?? begun
    state.outage = { since, error, reason, refuses }
    state.trial = 'none'
    state.failedAt = []
    state.wait = FIRST_PROBE_MS
    state.nextProbe = clock()
    if (refuses || last !== null) backOff(state, last?.wait)
    log.error({ server, reason }, 'A server is unavailable; jobs that need it wait')
    const by = server === 'mail' ? 'room' : 'mail'
    const alerts: NewJob[] = by === 'room' && !hasRoom ? [] : [{ kind: 'warn_outage', by, server, since }]
    try {
      if (!(await announcements.warnOnce(key(server), reason, alerts, since)))
        await announcements.warnAnew(key(server), reason)
    } catch (failure) {
      log.error({ err: failure, server }, 'The outage could not be stored; the queue does not show it')
    }
  }

  /** The outage that one which begins now continues; null: none. */
  function continued({ last }: Circuit): Circuit['last'] {
    return last !== null && isAhead(last.endedAt + CONTINUES_MS, CONTINUES_MS) ? last : null
  }

  /** Puts off the next probe, and the one after that for longer. */
  function backOff(state: Circuit, wait = state.wait): void {
    state.nextProbe = clock() + wait
    state.wait = Math.min(wait * 2, LONGEST_PROBE_MS)
  }

  /** A rejected email: if the rejection is about all of them, that is an outage, and the email waits. */
  async function refused(letter: Letter, error: MailError): Promise<MailError> {
    const state = circuits.mail
    const told = refusals.weigh(letter, error)
    if (told === null) {
      // It looked at an email, and its answer is about that one.
      if (state.outage?.refuses === false) await end('mail')
      return error
    }
    const reason = reasonOf(told, letter.to)
    if (state.outage?.refuses !== true) {
      await begin('mail', told, { since: state.outage?.since ?? clock(), reason, refuses: true })
      await jobResults.waitAgain(refusals.unknown(), reason)
    } else if (state.outage.reason !== reason) {
      Object.assign(state.outage, { error: told, reason })
      await announcements.warnAnew(key('mail'), reason)
    }
    return told
  }

  /** An email was accepted, so others will be. */
  async function taken({ id }: Letter): Promise<void> {
    refusals.taken(id)
    if (circuits.mail.outage !== null) await end('mail')
  }

  /** Lets a rejected email probe whether the next one is accepted; ends the outage if none is waiting. */
  async function probeByMail(state: Circuit): Promise<void> {
    backOff(state)
    await jobResults.waitAgain(refusals.unknown(), state.outage?.reason ?? '')
    await tryNext(state)
  }

  /** It greets and signs us in: whether it takes an email is seen by one; ends the outage if none is waiting. */
  async function offerTrial(state: Circuit): Promise<void> {
    backOff(state)
    await tryNext(state)
  }

  /** Lets the email be tried that waits longest; ends the outage if none is waiting. */
  async function tryNext(state: Circuit): Promise<void> {
    const refuses = state.outage?.refuses === true
    const found = await (refuses ? jobResults.hastenRefused() : jobResults.hastenNext('mail'))
    if (circuits.mail !== state || state.outage === null) return
    if (!found) await end('mail')
    else if (!refuses) state.trial = 'offered'
  }

  async function end(server: Server): Promise<void> {
    const state = circuits[server]
    await announcements.endOutage(key(server), USES[server])
    log.info({ server, since: state.outage?.since }, 'A server is available again; waiting jobs run now')
    backAt[server] = clock()
    const { outage, wait } = state
    circuits[server] = {
      ...circuit(),
      last: outage === null ? null : { since: outage.since, endedAt: clock(), wait },
    }
  }

  /** Makes the call, unless the server is unavailable; learns from the result. */
  async function call<T>(server: Server, task: () => Promise<T>, letter: Letter | null): Promise<T> {
    const state = circuits[server]
    const isTrial = typeof state.trial === 'object' && letter !== null
    if (state.outage !== null && !state.outage.refuses && !isTrial) throw notAsked(server, state.outage)
    if (isTrial) state.trial = 'none'
    try {
      const value = await task()
      state.failures = 0
      if (letter !== null) await taken(letter)
      return value
    } catch (error) {
      if (letter !== null && error instanceof MailError) {
        if (error.remaining.length > 0) await taken(letter)
        if (error.blame !== null) {
          state.failures = 0
          throw await refused(letter, error)
        }
      }
      const known = error instanceof HomeserverError || error instanceof MailError
      if (!known || !error.outage) {
        state.failures = 0
        throw error
      }
      if (++state.failures === 1) state.since = clock()
      state.failedAt = [...state.failedAt.filter((at) => isAhead(at + SUSPICION_MS, SUSPICION_MS)), clock()]
      if (isTrial && circuits[server] === state) {
        state.nextProbe = clock() + state.wait
        await tell(server, error, letter?.to)
      }
      const isOut = state.outage !== null && !state.outage.refuses
      if (state.failures >= FAILURES && !isOut && circuits[server] === state) {
        const since = state.outage?.since ?? state.since
        await begin(server, error, { since, reason: reasonOf(error, letter?.to), refuses: false })
      }
      throw error
    }
  }

  async function probe(server: Server): Promise<void> {
    const state = circuits[server]
    const [since = clock()] = state.failedAt
    state.failedAt = []
    state.probing = true
    try {
      if (state.outage?.refuses === true) return await probeByMail(state)
      await probes[server]()
      if (state.outage === null || circuits[server] !== state) return
      await (server === 'mail' ? offerTrial(state) : end(server))
    } catch (error) {
      if (!(error instanceof HomeserverError || error instanceof MailError)) throw error
      if (state.outage === null) {
        if (error.outage) await begin(server, error, { since, reason: reasonOf(error), refuses: false })
        return
      }
      backOff(state)
      if (isWrongSetUp(error)) await tell(server, error)
    } finally {
      state.probing = false
    }
  }

  return {
    /** The same, but its calls fail at once while the server is unavailable. */
    watched<T extends object>(server: Server, target: T): T {
      return new Proxy(target, {
        get(_, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...given: unknown[]) =>
            call(
              server,
              async () => {
                const answer: unknown = await Reflect.apply(value, target, given)
                return answer
              },
              letterOf(name, given),
            )
        },
      })
    },

    /**
     * Resumes the outages from before the program stopped: each server is probed first. Rejected emails are tried at
     * once, because the settings may be fixed now.
     */
    async resume(): Promise<void> {
      const refuses = await jobResults.retryRefused()
      for (const { server, since, reason: stored } of await current()) {
        const reason = cleanReason(stored)
        if (reason !== stored) await announcements.warnAnew(key(server), reason)
        const options = { permanent: false, outage: true }
        const error =
          server === 'mail'
            ? new MailError(reason, options)
            : new HomeserverError('unreachable', reason, options)
        const outage = { since, error, reason, refuses: server === 'mail' && refuses }
        circuits[server] = { ...circuit(), since, outage }
      }
    },

    /**
     * Checks whether the homeserver is the right one. Returns what is wrong with it, or that it is unavailable; null:
     * nothing.
     */
    findSetUpProblem,

    /**
     * Before something is created on the homeserver: it must have been verified since the program started. Throws
     * what is wrong, also if it cannot be checked.
     */
    async confirmSetUp(): Promise<void> {
      if (looked?.right === true) return
      const problem = await findSetUpProblem()
      if (problem !== null) throw problem
    },

    /** Whether nobody can get an account before an operator fixes something. */
    needsOperator: () => isWrongSetUp(circuits.homeserver.outage?.error),

    /** Probes unavailable servers when it is time; false if none was due. Never throws their errors. */
    async probeDue(): Promise<boolean> {
      lookAgain()
      const due = SERVERS.filter((server) => {
        const { outage, failedAt, probing, nextProbe } = circuits[server]
        if (probing) return false
        return outage === null ? failedAt.length >= FAILURES : !isAhead(nextProbe, LONGEST_PROBE_MS)
      })
      await Promise.all(due.map(probe))
      return due.length > 0
    },

    /** What no job may use now, and when (milliseconds since 1970) that may have changed. */
    closed(): { outsides: Outside[]; until: number } {
      const closed = new Map<Outside, number>()
      for (const [outside, until] of pauses) if (isAhead(until, LONGEST_PAUSE_MS)) closed.set(outside, until)
      for (const server of SERVERS) {
        const { outage, trial, nextProbe, probing } = circuits[server]
        if (outage !== null && !outage.refuses && trial !== 'offered')
          for (const outside of USES[server]) closed.set(outside, probing ? Infinity : nextProbe)
      }
      return { outsides: [...closed.keys()], until: Math.min(...closed.values()) }
    },

    /** Whether what this job depends on is known to be unavailable now. */
    isOut: (job: NewJob) => circuits[serverOf(outsideOf(job))].outage !== null,

    /** Whether emails are known not to be sent now. */
    isMailOut: () => circuits.mail.outage !== null,

    /** Whether the mail server answers but rejects our emails: none of them counts as failed meanwhile. */
    isRefusing: () => circuits.mail.outage?.refuses === true,

    /** A job was started: the next of those that waited for an outage to end waits a little. */
    started({ row, job }: LeasedJob): void {
      const outside = outsideOf(job)
      const state = circuits[serverOf(outside)]
      const isTrial = state.trial === 'offered'
      if (isTrial) state.trial = { by: row.id }
      if (isTrial || row.createdAt < backAt[serverOf(outside)]) pauses.set(outside, clock() + PACE_MS)
    },

    /** A job ended, and its result is stored: an email that was to be tried in an outage, and was not, leaves that to the next. */
    async ended({ row, job }: LeasedJob, end: JobResult['state']): Promise<void> {
      if (outsideOf(job) !== 'mail') return
      const state = circuits.mail
      if (state.outage?.refuses === true) {
        const isUntried = end === 'cancelled' || end === 'postponed'
        if (row.blame === 'us' && isUntried) await tryNext(state)
      } else if (typeof state.trial === 'object' && state.trial.by === row.id) {
        // One that waits again would be the next one itself.
        if (end === 'waiting') state.trial = 'offered'
        else await tryNext(state)
      }
    },

    /** We were rate-limited (429): everything that uses the same server waits, and the answer may be about one call. */
    pause(job: NewJob, ms: number): void {
      pauses.set(outsideOf(job), clock() + Math.min(ms, LONGEST_PAUSE_MS))
    },

    current,
  }

  /** Whether this time is still to come; a time beyond the longest wait was written while the clock was wrong. */
  function isAhead(time: number, longest: number): boolean {
    const now = clock()
    return time > now && time <= now + longest
  }

  /** A token can be revoked, and accounts be moved to another service, while this is running. */
  function lookAgain(): void {
    if (looked === null || looking !== null || circuits.homeserver.outage !== null) return
    if (isAhead(looked.at + SET_UP_AGE_MS, SET_UP_AGE_MS)) return
    findSetUpProblem().catch((error: unknown) =>
      log.error({ err: error }, "The homeserver's setup could not be checked"),
    )
  }

  /** The outages as moderators see them. */
  async function current(): Promise<Outage[]> {
    return database.read(async (reader) => {
      const said = await findAnnouncements(reader)
      const found: Outage[] = []
      for (const server of SERVERS) {
        const line = said.find((announcement) => announcement.key === key(server))
        if (line === undefined) continue
        const waiting = await countWaiting(reader, USES[server])
        found.push({ server, since: line.at, reason: line.text, waiting })
      }
      return found
    })
  }
}

/** The email that a call of the mailer sends; null for every other call. */
function letterOf(name: string | symbol, given: unknown[]): Letter | null {
  const [letter] = given
  return name === 'send' && isLetter(letter) ? letter : null
}

const isLetter = (value: unknown): value is Letter =>
  typeof value === 'object' && value !== null && 'mail' in value && 'to' in value && 'id' in value

/** Nothing was sent: that is a clear answer, and not the server's. */
function notAsked(
  server: Server,
  { since, error, reason }: { since: number; error: HomeserverError | MailError; reason: string },
): HomeserverError | MailError {
  const time = new Date(since).toISOString().slice(0, 16).replace('T', ' ')
  const options = { permanent: false, outage: true }
  if (server === 'mail') return new MailError(`No email has been sent since ${time} UTC: ${reason}`, options)
  return new HomeserverError(
    'not_asked',
    `The homeserver has been unavailable since ${time} UTC: ${reason}`,
    { ...options, permanent: error.permanent, why: reason },
  )
}
