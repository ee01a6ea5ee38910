import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewJob } from '$lib/registration/job'
import { DAY, HOUR, MINUTE } from '$lib/registration/time'
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
/** The rows of all jobs that were begun, in order. */
let begun: string[]
/** How far the clock jumped. */
let jumped: number
const clock = () => Date.now() + jumped
/** Whether no result can be stored. */
let isLosing: boolean

beforeEach(async () => {
  kept = await openTestDatabase()
  running = []
  begun = []
  jumped = 0
  isLosing = false
  const { database } = kept
  const { now: _, ...policy } = aPolicy()
  const { jobResults } = createRegistrations({
    log: { info: () => undefined },
    decided: () => undefined,
    database,
    clock,
    randomId: () => `id-${++ids}`,
    policy,
    intake: { settle: () => Promise.resolve([]), admit: () => Promise.resolve({ ok: true, value: null }) },
    memory: { remember: () => Promise.resolve() },
    linkHours: 24,
  })
  const handle = ({ job, row }: LeasedJob) =>
    new Promise<{ state: 'done' }>((resolve) => {
      begun.push(row.id)
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
    jobResults: {
      ...jobResults,
      finish: (...ended) =>
        isLosing ? Promise.reject(new Error('The disk is full')) : jobResults.finish(...ended),
    },
    outages: {
      closed: () => ({ outsides: [], until: Infinity }),
      probeDue: () => Promise.resolve(false),
      started: () => undefined,
      ended: () => Promise.resolve(),
      isOut: () => false,
      isRefusing: () => false,
      pause: () => undefined,
    },
    handle,
    clock,
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
      await insertJob(tx, job, { id: `job-${++ids}`, registrationId: null, now: clock(), rest: 0 })
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

describe.each([
  ['two minutes ahead', 2 * MINUTE],
  ['ten years ahead', 3_650 * DAY],
  ['an hour back', -HOUR],
  ['ten years back', -3_650 * DAY],
])('after the clock jumped %s', (_, jump) => {
  test('a job that runs is not begun again, nor what stands behind it', async () => {
    const name = username(`other${++ids}`)
    await queue({ kind: 'lock_account', username: name })
    await expect.poll(() => begun.length).toBe(1)
    jumped = jump
    await queue({ kind: 'remove_account', username: name }, ...others(1))
    await expect.poll(() => begun.length).toBe(2)
    for (let looks = 0; looks < 5; looks++) {
      worker.nudge()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(begun).toHaveLength(2)
    expect(new Set(begun).size).toBe(2)
    expect(running.map(({ job }) => job.kind)).toEqual(['lock_account', 'lock_account'])
    running[0]?.end()
    await expect.poll(() => running.map(({ job }) => job.kind)).toContain('remove_account')
  })
})

test('a job whose result could not be stored is begun again once its lease expired', async () => {
  await queue(...others(1))
  await expect.poll(() => begun.length).toBe(1)
  isLosing = true
  endOne('lock_account')
  await expect.poll(() => running.length).toBe(0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  isLosing = false
  jumped = 2 * MINUTE
  worker.nudge()
  await expect.poll(() => begun.length).toBe(2)
  expect(new Set(begun).size).toBe(1)
})
