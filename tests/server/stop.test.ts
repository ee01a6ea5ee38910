import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import { username } from '../support/registration'
import {
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY, HOUR } from '$lib/registration/time'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const form = { password: PASSWORD, reason: REASON, legal: true }
const isClaim = ({ method, path, body }: { method: string; path: string; body: string }) =>
  method === 'PUT' && path.startsWith('/_synapse/admin/v2/users/') && body === '{}'

describe('a homeserver that does not answer', () => {
  test('while the account is made: the page says so, the reason stays, and the next try goes on', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ path }) =>
      path.startsWith('/_synapse/admin/v2') ? { status: 502, body: '<html>Bad gateway' } : undefined
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'verified', reason: REASON })
    world.standIn.faults = undefined
    expect(await applicant.api.registration.request(form)).toMatchObject({
      state: 'requested',
      account: 'filled',
    })
    expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
  })

  for (const step of ['{"locked":true}', '"password"'])
    test(`at the step ${step}: the next try goes on there, and the account was never open with a password`, async () => {
      const applicant = await verified(world, 'river')
      world.standIn.faults = ({ method, body }) =>
        method === 'PUT' && body.includes(step) ? 'cut' : undefined
      expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
      expect(await signInToMatrix(world, 'river')).not.toBe('in')
      world.standIn.faults = undefined
      expect(await applicant.api.registration.request(form)).toMatchObject({ state: 'requested' })
      expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
    })

  test('with passwords switched off there is told as something that only the operator can change', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"password"')
        ? { status: 403, body: { errcode: 'M_FORBIDDEN', error: 'Changing passwords is disabled' } }
        : undefined
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_refuses')
  })
})

describe('a claim whose answer was lost', () => {
  async function lostClaim(name: string) {
    const applicant = await verified(world, name)
    world.standIn.faults = (request) => (isClaim(request) ? 'lost' : undefined)
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    return applicant
  }

  test('is never adopted silently: another name is asked for, and a moderator sees the case', async () => {
    const applicant = await lostClaim('river')
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toMatchObject([
      { username: 'river', reachable: true, account: { locked: false, deactivated: false, addresses: [] } },
    ])
    expect((await api.moderation.queue({ tab: 'waiting' })).counts.doubts).toBe(1)
    await applicant.api.registration.chooseUsername({ username: 'stone' })
    expect(await applicant.api.registration.request(form)).toMatchObject({
      state: 'requested',
      username: 'stone',
    })
  })

  test('and that did not arrive there is simply made again', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = (request) => (isClaim(request) ? 'cut' : undefined)
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    expect(await applicant.api.registration.request(form)).toMatchObject({ state: 'requested' })
  })

  test('left alone by a moderator is never touched again, also not by the clean-up', async () => {
    const applicant = await lostClaim('river')
    await codeOf(applicant.api.registration.request(form))
    const { api } = await aModerator(world.services)
    await api.moderation.settleDoubt({ username: username('river'), verdict: 'leave' })
    world.pass(40 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.drain()
    expect(await world.homeserver.account(username('river'))).toMatchObject({
      locked: false,
      deactivated: false,
    })
    expect(await api.moderation.doubts()).toEqual([])
  })

  test('adopted by a moderator is locked, removed, and its name given out again', async () => {
    const applicant = await lostClaim('river')
    await codeOf(applicant.api.registration.request(form))
    const { api } = await aModerator(world.services)
    await api.moderation.settleDoubt({ username: username('river'), verdict: 'adopt' })
    await world.drain()
    expect(await world.homeserver.account(username('river'))).toMatchObject({
      locked: true,
      deactivated: true,
    })
    await applicant.api.registration.chooseUsername({ username: 'river' })
    expect(await applicant.api.registration.request(form)).toMatchObject({
      state: 'requested',
      username: 'river',
    })
  })

  test('and never asked for again is a doubt as well, and removed by nobody', async () => {
    await lostClaim('river')
    world.pass(3 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.drain()
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toMatchObject([{ username: 'river' }])
    expect(await world.homeserver.account(username('river'))).toMatchObject({ deactivated: false })
  })

  test('on an account that somebody unlocked at the homeserver meanwhile, the next try keeps its hands off', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"password"') ? 'cut' : undefined
    await codeOf(applicant.api.registration.request(form))
    world.standIn.faults = undefined
    await asAdmin(world, 'PUT', '@river:example.test', { locked: false, password: 'the operators own' })
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    expect(await signInToMatrix(world, 'river', 'the operators own')).toBe('in')
  })
})

describe('an account that was removed here', () => {
  test('and that the operator opened again is nobody’s to give: however often somebody tries, it stays as it is', async () => {
    const first = await requested(world, 'river')
    await first.api.registration.withdraw({})
    await world.drain()
    const next = await verified(world, 'river', 'next@mail.test')
    await asAdmin(world, 'PUT', '@river:example.test', { deactivated: false, password: 'the operators own' })
    await asAdmin(world, 'PUT', '@river:example.test', { locked: false })
    for (let attempt = 0; attempt < 3; attempt++)
      expect(await codeOf(next.api.registration.request(form))).toBe('username_lost')
    expect(await signInToMatrix(world, 'river', 'the operators own')).toBe('in')
  })

  test('and whose revival was cut off is gone on with by the next try', async () => {
    const first = await requested(world, 'river')
    await first.api.registration.withdraw({})
    await world.drain()
    const next = await verified(world, 'river', 'next@mail.test')
    world.standIn.faults = ({ body }) => (body.includes('"deactivated":false') ? 'lost' : undefined)
    expect(await codeOf(next.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    expect(await next.api.registration.request(form)).toMatchObject({ state: 'requested' })
    expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
  })
})

describe('jobs', () => {
  test('that pass again are put off ever longer, asked time honoured, and then succeed', async () => {
    const applicant = await requested(world, 'river')
    let refused = 0
    world.standIn.faults = ({ method, body }) => {
      if (method !== 'PUT' || !body.includes('"locked":false')) return undefined
      refused++
      return {
        status: 429,
        body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 90_000 },
        headers: { 'retry-after': '90' },
      }
    }
    const view = await decideOn(world, applicant.view.id, 'approve')
    expect(view).toMatchObject({ state: 'approved', trouble: true })
    expect(view.jobs.find((job) => job.kind === 'open_account')).toMatchObject({
      state: 'waiting',
      attempts: 1,
    })
    world.pass(80_000)
    await world.drain()
    expect(refused).toBe(1)
    world.pass(20_000)
    await world.drain()
    expect(refused).toBe(2)
    world.standIn.faults = undefined
    world.pass(HOUR)
    await world.drain()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed' })
  })

  test('that fail for good stand on the registration with the reason, and a moderator can retry them', async () => {
    const applicant = await requested(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"locked":false')
        ? { status: 400, body: { errcode: 'M_UNKNOWN', error: 'It is full' } }
        : undefined
    const view = await decideOn(world, applicant.view.id, 'approve')
    const failed = view.jobs.find((job) => job.kind === 'open_account')
    expect(failed).toMatchObject({ state: 'failed' })
    expect(failed?.error).toContain('It is full')
    const { api } = await aModerator(world.services)
    expect((await api.moderation.queue({ tab: 'trouble' })).items.map(({ id }) => id)).toEqual([
      applicant.view.id,
    ])
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'approved' })

    world.standIn.faults = undefined
    await api.moderation.retryJob({ job: failed?.id ?? '' })
    await world.drain()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed' })
    expect(world.mailbox.kinds(applicant.email).filter((kind) => kind === 'approved')).toHaveLength(1)
    expect(await codeOf(api.moderation.retryJob({ job: failed?.id ?? '' }))).toBe('job_not_waiting')
  })

  test('of a worker that was killed are taken over when its lease runs out, and once only', async () => {
    const applicant = await requested(world, 'river')
    await decideOnly(world, applicant.view.id, 'approve')
    const { leaseJob } = await import('$lib/server/database/jobs')
    const dead = await world.database.write((tx) =>
      leaseJob(tx, { owner: 'dead', now: world.now(), until: world.now() + 60_000, closed: [] }),
    )
    expect(dead?.job?.kind).toBe('open_account')
    await world.drain()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'approved' })
    world.pass(61_000)
    await world.drain()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed' })
    if (dead === null || dead.job === null) throw new Error('nothing was leased')
    expect(
      await world.services.jobResults.finish({ row: dead.row, job: dead.job }, 'dead', {
        state: 'failed',
        error: 'late',
      }),
    ).toBe(false)
  })

  test('of two processes on one database are each done by one of them', async () => {
    const other = world.another()
    const names = Array.from({ length: 12 }, (_, index) => `name${index}`)
    for (const name of names) {
      const { aBrowser } = await import('../support/world')
      await aBrowser(world.services).api.registration.start({ username: name, email: `${name}@mail.test` })
    }
    await Promise.all([world.drain(), other.worker.drain()])
    for (const name of names) expect(world.mailbox.kinds(`${name}@mail.test`)).toEqual(['verification'])
    await other.worker.stop(0)
  })

  test('in hand when the program is told to stop are given back, and run at once with the next start', async () => {
    const held = new Promise<never>(() => undefined)
    const stuck = await aWorld({}, (homeserver) => ({ ...homeserver, open: () => held }))
    const applicant = await requested(stuck, 'river')
    const api = await decideOnly(stuck, applicant.view.id, 'approve')
    void stuck.drain()
    await expect
      .poll(async () => (await api.moderation.registration({ id: applicant.view.id })).jobs.at(-1)?.state)
      .toBe('running')
    await stuck.services.worker.stop(0)
    const jobs = (await api.moderation.registration({ id: applicant.view.id })).jobs
    expect(jobs.at(-1)).toMatchObject({ kind: 'open_account', state: 'waiting', attempts: 0 })
    await stuck.dispose()
  })
})
