import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  requested,
  signInToMatrix,
  tokenIn,
  type TestWorld,
} from '../support/world'

/** Approved, and the account cannot be opened: a moderator has a way out, and the applicant reads what is true. */
let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const RIVER = '@river:example.test'
const NEW_PASSWORD = 'another pass phrase of some length'
const account = () => world.homeserver.account(username('river'))
const desk = async () => (await aModerator(world.services)).api
const listed = async () =>
  Object.fromEntries(
    (await world.services.reconciliation.list()).map((difference) => [difference.username, difference.code]),
  )

/** Why it cannot be opened, and what reconcile calls that. */
const CAUSES: Record<string, { happens: () => Promise<unknown>; called: string | undefined }> = {
  'it was deactivated': {
    happens: () => asAdmin(world, 'PUT', RIVER, { deactivated: true }),
    called: 'cannot_open',
  },
  'it was deactivated and erased': {
    happens: () => world.homeserver.remove(username('river')),
    called: 'cannot_open',
  },
  'it is missing': {
    happens: () => Promise.resolve(world.standIn.users.delete(RIVER)),
    called: 'account_missing',
  },
  'the homeserver refuses it': {
    happens() {
      world.standIn.faults = ({ method, body }) =>
        method === 'PUT' && body.includes('"locked":false')
          ? { status: 400, body: { errcode: 'M_UNKNOWN', error: 'No' } }
          : undefined
      return Promise.resolve()
    },
    called: undefined,
  },
}
const causes = Object.keys(CAUSES)

async function stuck(cause: string) {
  const applicant = await requested(world, 'river')
  await CAUSES[cause]?.happens()
  const view = await decideOn(world, applicant.view.id, 'approve')
  expect(view).toMatchObject({ state: 'approved', trouble: true, openingFailed: true })
  world.standIn.faults = undefined
  return { ...applicant, view }
}

describe.each(causes)('approved, and %s', (cause) => {
  test('the desk says so and offers what can be done; the applicant reads that nothing is theirs to do', async () => {
    const { api, view } = await stuck(cause)
    expect(view.actions).toEqual(['approve', 'deny'])
    expect(await api.registration.current()).toMatchObject({
      state: 'approved',
      opening: 'failed',
      awaitsPassword: false,
    })
    expect((await listed())['river']).toBe(CAUSES[cause]?.called)
  })

  test('approved again: a link asks for a password, and with that the account is open', async () => {
    const { view, email, api } = await stuck(cause)
    const again = await decideOn(world, view.id, 'approve', { message: 'Once more, please' })
    expect(again).toMatchObject({
      state: 'approved',
      trouble: false,
      openingFailed: false,
      actions: ['deny'],
    })
    expect(await api.registration.current()).toMatchObject({
      awaitsPassword: true,
      message: 'Once more, please',
    })
    const { link } = world.mailbox.last(email, 'set_password')
    const phone = aBrowser(world.services)
    await phone.api.registration.resume({ token: tokenIn(link) })
    await phone.api.registration.setPassword({ password: NEW_PASSWORD })
    await world.drain()
    expect(await signInToMatrix(world, 'river', NEW_PASSWORD)).toBe('in')
    expect(await signInToMatrix(world, 'river', PASSWORD)).not.toBe('in')
    expect(await phone.api.registration.current()).toMatchObject({ state: 'completed', account: 'open' })
    expect(await account()).toMatchObject({ addresses: [email] })
    const { events, jobs, trouble } = await (await desk()).moderation.registration({ id: view.id })
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['approved', 'approved_anew']))
    expect(jobs.filter(({ state }) => state === 'failed')).toEqual([])
    expect(trouble).toBe(false)
  })

  test('approved again, and the password never set: it ends by time, and leaves no open account', async () => {
    const { view } = await stuck(cause)
    await decideOn(world, view.id, 'approve')
    world.pass(15 * 24 * 60 * 60_000)
    await world.services.scheduler.cleanUp({ dryRun: false })
    await world.drain()
    expect(await world.services.registrar.find(view.id)).toBeNull()
    expect((await account())?.deactivated ?? true).toBe(true)
    expect(await listed()).toEqual({})
  })

  test('denied: it is over, nothing is in trouble, and the same person can begin anew', async () => {
    const { view, email, api } = await stuck(cause)
    const denied = await decideOn(world, view.id, 'deny', { message: 'Sorry' })
    expect(denied).toMatchObject({ state: 'denied', trouble: false, openingFailed: false })
    expect(world.mailbox.kinds(email)).toContain('denied')
    expect(await api.registration.current()).toMatchObject({ state: 'denied', message: 'Sorry' })
    expect((await account())?.deactivated ?? true).toBe(true)
    expect(await listed()).toEqual({})
    const next = await requested(world, 'river', email)
    await decideOn(world, next.view.id, 'approve')
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })

  test('denied without a word: closed, and nobody is mailed', async () => {
    const { view, email } = await stuck(cause)
    await decideOn(world, view.id, 'deny', { silent: true })
    expect(world.mailbox.kinds(email)).toEqual(['verification', 'requested'])
  })
})

test('while it rests, an approval again is taken back like any other, and the request decided anew', async () => {
  await world.dispose()
  world = await aWorld({ moderation: { ...world.config.moderation, undoMs: 60_000 } })
  const applicant = await requested(world, 'river')
  const { id } = applicant.view
  await asAdmin(world, 'PUT', RIVER, { deactivated: true })
  await decideOn(world, id, 'approve')
  world.pass(61_000)
  await world.drain()
  await decideOn(world, id, 'approve')
  const api = await desk()
  expect(await api.moderation.undo({ id })).toMatchObject({
    state: 'requested',
    actions: ['approve', 'deny'],
  })
  await decideOn(world, id, 'approve')
  world.pass(61_000)
  await world.drain()
  await applicant.api.registration.setPassword({ password: NEW_PASSWORD })
  await world.drain()
  expect(await signInToMatrix(world, 'river', NEW_PASSWORD)).toBe('in')
})

test('what becomes somebody else’s after it was approved again is left to them', async () => {
  const { view, api } = await stuck('it was deactivated')
  await decideOn(world, view.id, 'approve')
  await asAdmin(world, 'PUT', RIVER, { deactivated: false, password: 'of somebody else' })
  await asAdmin(world, 'PUT', RIVER, { locked: false })
  expect(await codeOf(api.registration.setPassword({ password: NEW_PASSWORD }))).toBe('username_lost')
  expect(await signInToMatrix(world, 'river', 'of somebody else')).toBe('in')
  expect(await (await desk()).moderation.doubts()).toMatchObject([{ username: 'river' }])
})

test('an approval that nothing carries out any more is a moderator’s as well', async () => {
  const applicant = await requested(world, 'river')
  await asAdmin(world, 'PUT', RIVER, { deactivated: true })
  await decideOn(world, applicant.view.id, 'approve')
  await world.database.write((tx) => tx.run(`delete from jobs where kind = 'open_account'`))
  const api = await desk()
  const view = await api.moderation.registration({ id: applicant.view.id })
  expect(view).toMatchObject({ openingFailed: true, actions: ['approve', 'deny'] })
})

test('while it is tried, it can only be stopped, and the applicant reads that it takes longer', async () => {
  const applicant = await requested(world, 'river')
  world.standIn.faults = ({ method, body }) =>
    method === 'PUT' && body.includes('"locked":false') ? 'cut' : undefined
  const view = await decideOn(world, applicant.view.id, 'approve')
  expect(view).toMatchObject({ state: 'approved', openingFailed: false, actions: ['deny'] })
  expect(await applicant.api.registration.current()).toMatchObject({ opening: 'delayed' })
})

describe('a step that failed', () => {
  async function withTroubledAddress() {
    await world.homeserver.claim(username('owner'))
    const owned = { threepids: [{ medium: 'email', address: 'river@mail.test' }] }
    await asAdmin(world, 'PUT', '@owner:example.test', owned)
    const applicant = await requested(world, 'river')
    const view = await decideOn(world, applicant.view.id, 'approve')
    const [job] = view.jobs.filter(({ state }) => state === 'failed')
    expect(job).toMatchObject({ kind: 'bind_address', dismissible: true })
    return { ...applicant, view, job: job?.id ?? '' }
  }

  test('is told to its applicant, can be marked as done, and then nothing is in trouble', async () => {
    const { api: own, view, job } = await withTroubledAddress()
    expect(await own.registration.current()).toMatchObject({ unfinished: ['bind_address'] })
    const api = await desk()
    await api.moderation.dismissJob({ job })
    const after = await api.moderation.registration({ id: view.id })
    expect(after).toMatchObject({ trouble: false })
    expect(after.events.at(-1)).toMatchObject({ kind: 'job_dismissed', actor: 'moderator' })
    expect(await own.registration.current()).toMatchObject({ unfinished: [] })
    expect(await codeOf(api.moderation.dismissJob({ job }))).toBe('job_not_waiting')
    expect(await codeOf(api.moderation.retryJob({ job }))).toBe('job_not_waiting')
    expect(await codeOf(api.moderation.dismissJob({ job: 'none' }))).toBe('job_not_waiting')
  })

  test('cannot be marked as done where somebody waits for it', async () => {
    const { view } = await stuck('it is missing')
    const [job] = view.jobs.filter(({ state }) => state === 'failed')
    expect(job).toMatchObject({ kind: 'open_account', dismissible: false })
    const api = await desk()
    expect(await codeOf(api.moderation.dismissJob({ job: job?.id ?? '' }))).toBe('decision_needed')
  })
})
