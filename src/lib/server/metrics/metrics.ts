import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { JOB_KINDS, type NewJob } from '$lib/registration/job'
import { MAIL_KINDS } from '$lib/registration/mail-job'
import type { RefusalCode } from '$lib/registration/refusal'
import { HomeserverError } from '../homeserver/homeserver'
import type { Decided } from '../registrations/registrar'

const VERDICTS: readonly Decided['verdict'][] = ['approved', 'denied']
const DECIDERS: readonly Decided['by'][] = ['moderator', 'invitation']

/** How an attempt at a job ended: it is over, is tried again, waits for a moderator, or was not needed any more. */
const OUTCOMES = { done: 'done', waiting: 'postponed', failed: 'failed', cancelled: 'cancelled' } as const
const MAIL_OUTCOMES = { ...OUTCOMES, done: 'handed_over' } as const
type End = keyof typeof OUTCOMES

/** Others would be labels that a stranger chooses. */
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']

const MINUTES = 60
const HOURS = 60 * MINUTES
const DAYS = 24 * HOURS

export type Metrics = ReturnType<typeof createMetrics<string, string>>

/**
 * What this process counts for Prometheus, from its start on. No label has a value that a stranger chooses, or that
 * is about a person: routes, codes and kinds only. docs/metrics.md has all of them.
 */
export function createMetrics<Reason extends string, Limit extends string>(known: {
  /** Every code of a refusal. */
  refusals: readonly string[]
  /** Every limit that everybody shares. */
  limits: readonly Limit[]
  /** Every reason why a request does not reach a page. */
  reasons: readonly Reason[]
}) {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'registration_http_requests_total',
    help: 'HTTP requests answered, without static files',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'registration_http_request_duration_seconds',
    help: 'Time from the arrival of an HTTP request to its answer',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const guarded = new Counter({
    name: 'registration_http_refused_requests_total',
    help: 'HTTP requests refused before they reached a page',
    labelNames: ['reason'],
    registers,
  })
  const refusals = new Counter({
    name: 'registration_refusals_total',
    help: 'What applicants and moderators were refused, such as failed sign-ins, by code',
    labelNames: ['code'],
    registers,
  })
  const limits = new Counter({
    name: 'registration_shared_limit_refusals_total',
    help: 'Refusals because others had used up a limit that everybody shares',
    labelNames: ['limit'],
    registers,
  })
  const decisions = new Counter({
    name: 'registration_decisions_total',
    help: 'Decisions on requests',
    labelNames: ['verdict', 'by'],
    registers,
  })
  const decisionSeconds = new Histogram({
    name: 'registration_decision_wait_seconds',
    help: 'Time from a request to the decision of a moderator',
    labelNames: ['verdict'],
    buckets: [
      ...[5 * MINUTES, 15 * MINUTES, HOURS, 4 * HOURS, 12 * HOURS],
      ...[DAYS, 2 * DAYS, 4 * DAYS, 7 * DAYS, 14 * DAYS],
    ],
    registers,
  })
  const attempts = new Counter({
    name: 'registration_job_attempts_total',
    help: 'Attempts at background jobs',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  const mails = new Counter({
    name: 'registration_mails_total',
    help: 'Attempts to hand an email to the mail server',
    labelNames: ['mail', 'outcome'],
    registers,
  })
  const calls = new Histogram({
    name: 'registration_homeserver_call_duration_seconds',
    help: 'Time that calls of the homeserver took, by what was asked and how it ended',
    labelNames: ['call', 'outcome'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  // A counter that begins with its first event hides that event from `rate` and `increase`.
  for (const verdict of VERDICTS) {
    decisionSeconds.zero({ verdict })
    for (const by of DECIDERS) decisions.inc({ verdict, by }, 0)
  }
  for (const kind of JOB_KINDS)
    for (const outcome of Object.values(OUTCOMES)) attempts.inc({ kind, outcome }, 0)
  for (const mail of MAIL_KINDS)
    for (const outcome of Object.values(MAIL_OUTCOMES)) mails.inc({ mail, outcome }, 0)
  for (const code of known.refusals) refusals.inc({ code }, 0)
  for (const limit of known.limits) limits.inc({ limit }, 0)
  for (const reason of known.reasons) guarded.inc({ reason }, 0)

  return {
    registry,

    /** `route`: a pattern, never a path. `ms`: as in the log. */
    answered({ method, route, status, ms }: { method: string; route: string; status: number; ms: number }) {
      const known = METHODS.includes(method) ? method : 'other'
      requests.inc({ method: known, route, status })
      requestSeconds.observe({ method: known, route }, ms / 1000)
    },

    /** A request did not reach a page. */
    requestRefused(reason: Reason): void {
      guarded.inc({ reason })
    },

    /** Somebody was refused something. */
    refused(code: RefusalCode): void {
      refusals.inc({ code })
    },

    /** Somebody was turned away because others had used up a shared limit. */
    limitReached(limit: Limit): void {
      limits.inc({ limit })
    },

    /** A decision is stored. */
    decided({ verdict, by, waitedMs }: Decided): void {
      decisions.inc({ verdict, by })
      if (waitedMs !== null) decisionSeconds.observe({ verdict }, Math.max(0, waitedMs) / 1000)
    },

    /** An attempt at a job ended; `isMail`: it was to send an email. */
    attempted(job: NewJob, end: End, isMail: boolean): void {
      attempts.inc({ kind: job.kind, outcome: OUTCOMES[end] })
      if (isMail) mails.inc({ mail: job.kind === 'mail' ? job.mail : job.kind, outcome: MAIL_OUTCOMES[end] })
    },

    /** The same, and every call of its methods is measured, under the method's name. */
    measured<T extends object>(homeserver: T): T {
      return new Proxy(homeserver, {
        get(_, name) {
          const value: unknown = Reflect.get(homeserver, name)
          if (typeof value !== 'function') return value
          return async (...given: unknown[]) => {
            const end = calls.startTimer({ call: String(name) })
            try {
              const answer: unknown = await Reflect.apply(value, homeserver, given)
              end({ outcome: 'done' })
              return answer
            } catch (error) {
              end({ outcome: error instanceof HomeserverError ? error.kind : 'error' })
              throw error
            }
          }
        },
      })
    },
  }
}

/** Adds what Node knows of this process: memory, CPU, event loop, garbage collection; and which version runs. */
export function measureProcess(registry: Registry, { version }: { version: string }): void {
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'registration_build_info',
    help: 'The version of this program; always 1',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1)
}
