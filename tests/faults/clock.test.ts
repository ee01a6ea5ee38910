import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createScheduler } from '$lib/server/jobs/scheduler'
import { MailError } from '$lib/server/mail/mail'
import { username } from '../support/registration'
import { aBrowser, aWorld, requested, type TestWorld } from '../support/world'
import { decideOn } from '../support/decide'
import { DAY, HOUR } from '../../src/lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

describe('a clock that goes back', () => {
  test('by a year leaves no job waiting for a year', async () => {
    const applicant = await requested(world, 'river')
    world.mailbox.refuse = new MailError('It refuses this mail now', { permanent: false })
    await decideOn(world, applicant.view.id, 'approve')
    world.mailbox.refuse = null
    world.pass(-365 * DAY)
    await world.drain()
    expect(world.mailbox.kinds(applicant.email)).toContain('approved')
  })

  test('leaves no job with a worker that was killed before', async () => {
    await aBrowser(world.services).api.registration.start({ username: 'river', email: 'river@mail.test' })
    const { leaseJob } = await import('$lib/server/database/jobs')
    const lease = { owner: 'dead', now: world.now(), until: world.now() + 60_000, closed: [] }
    expect(await world.database.write((tx) => leaseJob(tx, lease))).not.toBeNull()
    world.pass(-10 * DAY)
    await world.drain()
    expect(world.mailbox.kinds('river@mail.test')).toEqual(['verification'])
  })

  test('leaves no outage unprobed, and no pause after it', async () => {
    const { view } = await requested(world, 'river')
    world.standIn.faults = () => 'cut'
    expect(await decideOn(world, view.id, 'approve')).toMatchObject({ state: 'approved' })
    for (let tries = 0; tries < 5; tries++) {
      world.pass(60_000)
      await world.drain()
    }
    world.standIn.faults = undefined
    world.pass(-3 * HOUR)
    await world.drain()
    world.pass(60_000)
    await world.drain()
    expect(await world.services.registrar.find(view.id)).toMatchObject({ state: 'completed' })
  })

  test('takes no job from a worker that is alive', async () => {
    await aBrowser(world.services).api.registration.start({ username: 'river', email: 'river@mail.test' })
    const { leaseJob } = await import('$lib/server/database/jobs')
    const lease = { owner: 'alive', now: world.now(), until: world.now() + 60_000, closed: [] }
    await world.database.write((tx) => leaseJob(tx, lease))
    world.pass(-HOUR)
    await world.drain()
    expect(world.mailbox.letters).toEqual([])
  })
})

describe('a clock that goes forward', () => {
  /** The scheduler of a program that has run since now. */
  function aScheduler() {
    let uptime = 0
    const scheduler = createScheduler({
      database: world.database,
      registrar: world.services.registrar,
      jobQueue: world.services.jobQueue,
      retention: world.config.retention,
      remindAfterHours: 48,
      notifyPersons: () => Promise.resolve(),
      deleteExpired: () => Promise.resolve(),
      clock: world.now,
      uptime: () => uptime,
      log: pino({ level: 'silent' }),
      onWork: () => undefined,
    })
    return {
      scheduler,
      /** An hour that really goes by. */
      hour() {
        uptime += HOUR
        world.pass(HOUR)
      },
    }
  }

  async function denied() {
    const applicant = await requested(world, 'river')
    await decideOn(world, applicant.view.id, 'deny')
    return async () => (await world.services.registrar.find(applicant.view.id)) !== null
  }

  test('by a year, and is set right within the hour, deletes nobody’s data', async () => {
    const isThere = await denied()
    const { scheduler, hour } = aScheduler()
    await scheduler.cleanUpBySchedule()
    world.pass(365 * DAY)
    hour()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(true)
    world.pass(-365 * DAY)
    hour()
    await scheduler.cleanUpBySchedule()
    hour()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(true)
  })

  test('while the program is off, and is set right within the hour, deletes nobody’s data', async () => {
    const isThere = await denied()
    world.pass(365 * DAY)
    const { scheduler, hour } = aScheduler()
    await scheduler.cleanUpBySchedule()
    world.pass(-365 * DAY)
    hour()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(true)
  })

  test('nor where somebody came before the clock was set right', async () => {
    const isThere = await denied()
    await world.services.scheduler.cleanUp({ dryRun: false })
    world.pass(365 * DAY)
    await requested(world, 'lake')
    const { scheduler } = aScheduler()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(true)
  })

  test('or a program that was off for a year, only makes the clean-up wait for an hour', async () => {
    const isThere = await denied()
    world.pass(365 * DAY)
    const { scheduler, hour } = aScheduler()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(true)
    hour()
    await scheduler.cleanUpBySchedule()
    expect(await isThere()).toBe(false)
  })

  test('makes a link expire, which is told with a way to a new one', async () => {
    const { api } = aBrowser(world.services)
    await api.registration.start({ username: 'river', email: 'river@mail.test' })
    await world.drain()
    const token = world.mailbox.last('river@mail.test', 'verification').link.split('/').at(-1) ?? ''
    world.pass(3 * DAY)
    await expect(api.verification.look({ token })).rejects.toThrow('link_expired')
    await api.verification.renew({ token })
    await world.drain()
    const next = world.mailbox.last('river@mail.test', 'verification').link.split('/').at(-1) ?? ''
    expect(await api.verification.confirm({ token: next })).toMatchObject({ holdsName: true })
    expect(await world.services.registrar.isNameFree(username('river'), null)).toBe(false)
  })
})
