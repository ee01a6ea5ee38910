import { Gauge, Registry } from 'prom-client'
import { isJobKind, JOB_KINDS, SERVERS } from '$lib/registration/job'
import { STATES } from '$lib/registration/state'
import { countJobs, findOldestDue } from '../database/jobs'
import type { Database } from '../database/open'
import { countByState, countQueues, findOldestWaiting } from '../database/registrations'
import type { CircuitBreakers } from '../outages/circuit-breaker'

/** A scrape that takes longer is given up by Prometheus, with all that is in it. */
const PATIENCE_MS = 3_000
/** Of other versions of this program. */
const UNKNOWN_KIND = 'unknown'
const OPEN_STATES = ['waiting', 'running', 'failed'] as const

/** What the database knows, read when Prometheus asks, and the same whichever process reads it. */
export function createStoredMetrics({
  database,
  outages,
  clock,
  log,
  patienceMs = PATIENCE_MS,
}: {
  database: Pick<Database, 'read'>
  outages: Pick<CircuitBreakers, 'current'>
  clock: () => number
  log: { warn(details: object, words: string): void }
  patienceMs?: number
}) {
  const registry = new Registry()
  const health = new Registry()
  const registers = [registry]
  const readable = new Gauge({
    name: 'registration_database_up',
    help: 'Whether the database could be read for this; if not (0), what it knows is missing here',
    registers: [health],
  })
  const registrations = new Gauge({
    name: 'registration_registrations',
    help: 'Registrations by state',
    labelNames: ['state'],
    registers,
  })
  const queue = new Gauge({
    name: 'registration_queue_requests',
    help: 'Requests without a decision: waiting or answered (for moderators), asked (for the applicant)',
    labelNames: ['queue'],
    registers,
  })
  const oldestRequest = new Gauge({
    name: 'registration_oldest_request_wait_seconds',
    help: 'How long the oldest request has waited for moderators; 0 if none waits',
    registers,
  })
  const jobs = new Gauge({
    name: 'registration_jobs',
    help: 'Background jobs that are not over, by kind and state',
    labelNames: ['kind', 'state'],
    registers,
  })
  const oldestJob = new Gauge({
    name: 'registration_oldest_due_job_seconds',
    help: 'How long the oldest waiting job has been due; 0 if none is',
    registers,
  })
  const outage = new Gauge({
    name: 'registration_outage_seconds',
    help: 'How long a server has been unavailable; 0 if it is there',
    labelNames: ['server'],
    registers,
  })

  async function read(): Promise<void> {
    const now = clock()
    const secondsSince = (at: number | null | undefined) =>
      at === null || at === undefined ? 0 : Math.max(0, now - at) / 1000
    const found = await database.read(async (reader) => ({
      states: await countByState(reader),
      queues: await countQueues(reader),
      waiting: await findOldestWaiting(reader),
      jobs: await countJobs(reader),
      due: await findOldestDue(reader, now),
    }))
    const out = await outages.current()
    for (const state of STATES) registrations.set({ state }, found.states[state])
    for (const [name, count] of Object.entries(found.queues)) queue.set({ queue: name }, count)
    oldestRequest.set(secondsSince(found.waiting))
    for (const kind of [...JOB_KINDS, UNKNOWN_KIND])
      for (const state of OPEN_STATES) jobs.set({ kind, state }, 0)
    for (const { kind, state, count } of found.jobs)
      jobs.inc({ kind: isJobKind(kind) ? kind : UNKNOWN_KIND, state }, count)
    oldestJob.set(secondsSince(found.due))
    for (const server of SERVERS)
      outage.set({ server }, secondsSince(out.find((one) => one.server === server)?.since))
  }

  return {
    registries: [health, registry],

    /** What to show now: without what could not be read in time, so that nobody takes old numbers for new ones. */
    async current(): Promise<Registry[]> {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('The database did not answer in time')), patienceMs)
      })
      try {
        await Promise.race([read(), late])
        readable.set(1)
        return [health, registry]
      } catch (error) {
        log.warn({ err: error }, 'The metrics lack what the database knows: it could not be read')
        readable.set(0)
        return [health]
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
