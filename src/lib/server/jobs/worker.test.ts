import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewJob } from '$lib/registration/job'
import { openTestDatabase, type TestDatabase } from '../../../../tests/support/database'
import { aPolicy, email, username } from '../../../../tests/support/registration'
import { insertJob, type LeasedJob } from '../database/jobs'
import { createRegistrations } from '../registrations/registrations'
import { createWorker } from './worker'

/** Whoever waits for an email in front of a page gets it, whatever else there is to do. */
let kept: TestDatabase
let worker: ReturnType<typeof createWorker>
/** The jobs under way, and what ends each. */
let running: { job: NewJob; end: () => void }[]
let ids = 0

beforeEach(async () => {
  kept = await openTestDatabase()
  running = []
  const { database } = kept
  const { now: _, ...policy } = aPolicy()
  const { jobResults } = createRegistrations({
    log: { info: () => undefined },
    decided: () => undefined,
    database,
    clock: Date.now,
    randomId: () => `id-${++ids}`,
    policy,
    intake: { settle: () => Promise.resolve([]), admit: () => Promise.resolve({ ok: true, value: null }) },
    memory: { remember: () => Promise.resolve() },
    linkHours: 24,
  })
  const handle = ({ job }: LeasedJob) =>
    new Promise<{ state: 'done' }>((resolve) => {
      const one = {
        job,
        end: () => {
          running.splice(running.indexOf(one), 1)
          resolve({ state: 'done' })
        },
      }
      running.push(one)
    })
  worker = createWorker({
    database,
    jobResults,
    outages: {
      closed: () => ({ outsides: [], until: Infinity }),
      probeDue: () => Promise.resolve(false),
      started: () => undefined,
      isRefusing: () => false,
      pause: () => undefined,
    },
    handle,
    clock: Date.now,
    random: Math.random,
    log: pino({ level: 'silent' }),
    attempted: () => undefined,
    owner: 'test',
  })
  worker.start()
})
afterEach(async () => {
  for (const { end } of [...running]) end()
  await worker.stop(1_000)
  await kept.dispose()
})

async function queue(...jobs: NewJob[]): Promise<void> {
  await kept.database.write(async (tx) => {
    for (const job of jobs)
      await insertJob(tx, job, { id: `job-${++ids}`, registrationId: null, now: Date.now(), rest: 0 })
  })
  worker.nudge()
}
const others = (count: number) =>
  Array.from({ length: count }, (): NewJob => ({ kind: 'lock_account', username: username(`other${++ids}`) }))
const awaited = (name: string): NewJob => ({
  kind: 'mail',
  mail: 'unknown_address',
  email: email(`${name}@mail.test`),
  language: 'en',
})
/** How many of the others and of the awaited emails are under way. */
const counts = () => {
  const mails = running.filter(({ job }) => job.kind === 'mail').length
  return [running.length - mails, mails]
}
const endOne = (kind: NewJob['kind']) => running.find(({ job }) => job.kind === kind)?.end()

test('three of four hands are for all jobs, and the last one is left to an email that somebody waits for', async () => {
  await queue(...others(6))
  await expect.poll(counts).toEqual([3, 0])
  await queue(awaited('river'))
  await expect.poll(counts).toEqual([3, 1])
  endOne('mail')
  await expect.poll(counts).toEqual([3, 0])
  await queue(awaited('brook'))
  await expect.poll(counts).toEqual([3, 1])
  endOne('lock_account')
  await expect.poll(() => running.filter(({ job }) => job.kind === 'lock_account').length).toBe(3)
  expect(counts()).toEqual([3, 1])
})

test('such emails may have all hands', async () => {
  await queue(awaited('a'), awaited('b'), awaited('c'), awaited('d'), awaited('e'))
  await expect.poll(counts).toEqual([0, 4])
  await queue(...others(1))
  endOne('mail')
  await expect.poll(counts).toEqual([0, 4])
  endOne('mail')
  await expect.poll(counts).toEqual([1, 3])
})

test('there are never more than four, however often somebody says that there is work', async () => {
  const waking = setInterval(() => worker.nudge(), 1)
  await queue(...'abcdefghijkl'.split('').map(awaited))
  for (let ended = 0; ended < 8; ended++) {
    await expect.poll(() => running.length).toBeGreaterThanOrEqual(4)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(running.length).toBe(4)
    endOne('mail')
  }
  clearInterval(waking)
})

test('an email that only tells of a decision is one of the others', async () => {
  await queue(...others(3))
  await expect.poll(counts).toEqual([3, 0])
  const told: NewJob = {
    kind: 'mail',
    mail: 'invitation',
    link: 'link',
    email: email('maja@mail.test'),
    language: 'en',
  }
  await queue(told)
  await queue(awaited('river'))
  await expect.poll(counts).toEqual([3, 1])
  expect(running.at(-1)?.job).toMatchObject({ mail: 'unknown_address' })
})
