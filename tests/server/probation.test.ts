import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { DAY } from '$lib/registration/time'
import { renderMail } from '$lib/server/mail/render'
import { standingWords } from '../../src/routes/register/status/standing-words'
import type { SeenRequest } from '../../src/stand-in/homeserver'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  asAdmin,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

/** Days, and the undo window. */
const SERVED = 7 * DAY
const UNDO_MS = 20_000
const LOBBY = `#lobby:${DOMAIN}`
const RIVER = `@river:${DOMAIN}`
const SITE = { name: 'Example', url: 'https://register.example.test', accent: '#138a5b', logoUrl: null }
let world: TestWorld

const open = (change: Parameters<typeof aWorld>[0] = {}, undoMs = 0) =>
  aWorld({ moderation: { ...aConfig().moderation, probation: true, undoMs }, autoJoin: [LOBBY], ...change })
beforeEach(async () => {
  world = await open()
})
afterEach(() => world.dispose())

const account = () => world.standIn.users.get(RIVER)
const inLobby = () => world.standIn.room(LOBBY)?.members.has(RIVER)
const kinds = (email: string) => world.mailbox.kinds(email)
/** The hourly run. */
async function hourly() {
  await world.services.scheduler.endProbations()
  await world.drain()
}
/** What was asked of the homeserver that changes something, in order. */
function changes() {
  const seen: string[] = []
  world.standIn.faults = ({ method, path, body }: SeenRequest) => {
    if (method !== 'GET') seen.push(`${path.split('/').slice(3, 5).join('/')} ${body}`)
    return undefined
  }
  return seen
}

describe('an approval on probation', () => {
  test('is the first choice for what a rule flags, if the operator wants that and probation is on', async () => {
    for (const [probation, probationForHeld, flagged, first] of [
      [true, true, true, true],
      [true, true, false, false],
      [true, false, true, false],
      [false, true, true, false],
    ] as const) {
      await world.dispose()
      world = await aWorld({ moderation: { ...aConfig().moderation, probation, probationForHeld } })
      const { api } = await aModerator(world.services, undefined, 'administrator')
      const rule = { subject: 'username', form: 'exact', value: 'river', effect: 'hold' } as const
      const rest = { reason: '', days: null, deny: [], message: '', category: null, silent: true }
      if (flagged) await api.rules.add({ ...rule, ...rest })
      const { view } = await requested(world, 'river')
      expect(await api.moderation.registration({ id: view.id })).toMatchObject({ probationFirst: first })
    }
  })

  test('suspends before it unlocks, joins the rooms before that, and tells its applicant', async () => {
    const applicant = await requested(world, 'river')
    const seen = changes()
    const view = await decideOn(world, applicant.view.id, 'probation')
    expect(seen.slice(0, 3)).toEqual([
      `v1/join {"user_id":"${RIVER}"}`,
      'v1/suspend {"suspend":true}',
      'v2/users {"locked":false}',
    ])
    expect(view).toMatchObject({
      state: 'completed',
      probation: 'running',
      probationUntil: world.now() + SERVED,
      probationEndable: true,
      actions: ['deny'],
      trouble: false,
    })
    expect(account()).toMatchObject({ locked: false, suspended: true, threepids: [{}] })
    expect(inLobby()).toBe(true)
    expect(await signInToMatrix(world, 'river')).toBe('in')
    expect(world.mailbox.last(applicant.email, 'approved').readsUntil).toBe(world.now() + SERVED)
    expect(await applicant.api.registration.current()).toMatchObject({
      state: 'completed',
      probation: { until: world.now() + SERVED },
    })
  })

  test('is over with its time, which is told', async () => {
    const applicant = await requested(world, 'river')
    const { id } = applicant.view
    await decideOn(world, id, 'probation')
    world.pass(SERVED - 1)
    await hourly()
    expect(account()).toMatchObject({ suspended: true })
    await world.services.scheduler.cleanUp({ dryRun: false })
    world.pass(1)
    await hourly()
    expect(account()).toMatchObject({ suspended: false, locked: false })
    expect(kinds(applicant.email).at(-1)).toBe('probation_over')
    const after = await applicant.api.registration.current()
    expect(after).toMatchObject({ state: 'completed', probation: null })
    await hourly()
    expect(kinds(applicant.email).filter((kind) => kind === 'probation_over')).toHaveLength(1)
  })

  test('is ended early by a moderator, once, in the version that they saw', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id: view.id })
    expect(await codeOf(api.moderation.endProbation({ id: view.id, version: version - 1 }))).toBe('stale')
    await api.moderation.endProbation({ id: view.id, version })
    await world.drain()
    expect(account()).toMatchObject({ suspended: false })
    const now = await api.moderation.registration({ id: view.id })
    expect(now.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['approved', 'probation_ended', 'account_unsuspended']),
    )
    const again = api.moderation.endProbation({ id: view.id, version: now.version })
    expect(await codeOf(again)).toBe('wrong_state')
  })

  test('is ended although a step of its approval fails and is tried again', async () => {
    world.standIn.faults = ({ path }) =>
      path.includes('/threepid/') ? { status: 404, body: '<html>Not found' } : undefined
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id: view.id })
    await api.moderation.endProbation({ id: view.id, version })
    await world.drain()
    expect(account()).toMatchObject({ suspended: false })
    const { jobs } = await api.moderation.registration({ id: view.id })
    expect(jobs.find(({ kind }) => kind === 'bind_address')).toMatchObject({ state: 'waiting' })
  })

  test('has a tab, and keeps its data until it is over', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'approve')
    const other = await requested(world, 'brook')
    await decideOn(world, other.view.id, 'probation')
    const { api } = await aModerator(world.services)
    const { items, counts } = await api.moderation.queue({ tab: 'probation' })
    expect(items.map(({ id }) => id)).toEqual([other.view.id])
    expect(counts).toMatchObject({ probation: 1, decided: 2 })
    expect((await api.moderation.queue({ tab: 'probation', q: 'brook' })).items).toHaveLength(1)
    expect((await api.moderation.queue({ tab: 'probation', q: 'river' })).items).toHaveLength(0)
    world.pass(300 * DAY)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await world.services.registrar.find(view.id)).toBeNull()
    expect(await world.services.registrar.find(other.view.id)).not.toBeNull()
  })

  test('is refused where it is turned off', async () => {
    await world.dispose()
    world = await open({ moderation: { ...aConfig().moderation } })
    const { view } = await requested(world, 'river')
    const decided = decideOnly(world, view.id, 'probation')
    expect(await codeOf(decided)).toBe('probation_off')
  })

  test('suspends the account that its applicant sets a password for later', async () => {
    await world.dispose()
    world = await open({ registration: { ...aConfig().registration, password: 'after_approval' } })
    const applicant = await requested(world, 'river')
    await decideOn(world, applicant.view.id, 'probation')
    const phone = aBrowser(world.services)
    const { link } = world.mailbox.last(applicant.email, 'set_password')
    await phone.api.registration.status({ token: tokenIn(link) })
    const seen = changes()
    await applicant.api.registration.setPassword({ password: PASSWORD })
    await world.drain()
    const suspended = seen.indexOf('v1/suspend {"suspend":true}')
    expect(suspended).toBeGreaterThan(-1)
    expect(seen.indexOf('v2/users {"locked":false}')).toBeGreaterThan(suspended)
    expect(account()).toMatchObject({ locked: false, suspended: true })
  })
})

describe('undone', () => {
  beforeEach(async () => {
    await world.dispose()
    world = await open({}, UNDO_MS)
  })

  test('an approval on probation leaves nothing, and one without it opens in full', async () => {
    const { view } = await requested(world, 'river')
    const api = await decideOnly(world, view.id, 'probation')
    await api.moderation.undo({ id: view.id })
    world.pass(UNDO_MS)
    await world.drain()
    expect(account()).toMatchObject({ locked: true, suspended: false })
    await decideOnly(world, view.id, 'approve')
    world.pass(UNDO_MS)
    await world.drain()
    expect(account()).toMatchObject({ locked: false, suspended: false })
  })

  test('a suspension that was not unlocked is lifted by an approval without one', async () => {
    const { view } = await requested(world, 'river')
    await decideOnly(world, view.id, 'probation')
    world.standIn.faults = ({ body }) => (body.includes('"locked":false') ? 'cut' : undefined)
    world.pass(UNDO_MS)
    await world.drain()
    expect(account()).toMatchObject({ locked: true, suspended: true })
    world.standIn.faults = undefined
    const { api } = await aModerator(world.services)
    await api.moderation.undo({ id: view.id })
    await decideOnly(world, view.id, 'approve')
    world.pass(DAY)
    await world.drain()
    world.pass(DAY)
    await world.drain()
    expect(await world.services.registrar.find(view.id)).toMatchObject({ state: 'completed' })
    expect(account()).toMatchObject({ locked: false, suspended: false })
  })

  test('a denial that ended a probation goes on with it, and its applicant saw nothing', async () => {
    const applicant = await requested(world, 'river')
    const { id } = applicant.view
    await decideOnly(world, id, 'probation', { message: 'Hello' })
    world.pass(UNDO_MS)
    await world.drain()
    const { api } = await aModerator(world.services)
    const before = await api.moderation.registration({ id })
    await decideOnly(world, id, 'deny', { message: 'No' })
    expect(await applicant.api.registration.current()).toMatchObject({
      state: 'completed',
      message: 'Hello',
      probation: { until: before.probationUntil },
    })
    await api.moderation.undo({ id })
    world.pass(UNDO_MS)
    await world.drain()
    expect(account()).toMatchObject({ deactivated: false, suspended: true })
    const { events: _, version: _v, jobs: _j, ...after } = await api.moderation.registration({ id })
    expect(before).toMatchObject(after)
    expect(kinds(applicant.email)).not.toContain('denied')
  })
})

test('a denial that ends a probation removes the account, and nobody gets its username', async () => {
  const applicant = await requested(world, 'river')
  await decideOn(world, applicant.view.id, 'probation')
  expect(await signInToMatrix(world, 'river')).toBe('in')
  const view = await decideOn(world, applicant.view.id, 'deny', { message: 'No' })
  expect(view).toMatchObject({ state: 'denied', account: 'removed', undoable: false, trouble: false })
  expect(account()).toMatchObject({ deactivated: true, erased: true })
  expect(await signInToMatrix(world, 'river')).toBe('M_FORBIDDEN')
  expect(world.mailbox.last(applicant.email, 'denied').hadAccount).toBe(true)
  expect(await applicant.api.registration.current()).toMatchObject({ state: 'denied', hadAccount: true })
  expect(await aBrowser(world.services).api.registration.checkUsername({ username: 'river' })).toMatchObject({
    ok: false,
    refusal: { code: 'username_taken' },
  })
  const { api } = await aModerator(world.services)
  expect(await api.conversation.thread({ id: view.id })).toMatchObject({ reopen: 'impossible' })
  expect(m.reopen_impossible()).not.toMatch(/someone/)
})

test('the end of a probation finds the account locked: nobody is told that they can write, and a moderator decides', async () => {
  const applicant = await requested(world, 'river')
  const { id } = applicant.view
  await decideOn(world, id, 'probation')
  await asAdmin(world, 'PUT', RIVER, { locked: true })
  world.pass(SERVED)
  await hourly()
  expect(account()).toMatchObject({ locked: true, suspended: true })
  expect(kinds(applicant.email)).not.toContain('probation_over')
  const { api } = await aModerator(world.services)
  const view = await api.moderation.registration({ id })
  expect(view).toMatchObject({ state: 'completed', trouble: true, actions: ['deny'] })
  const job = view.jobs.find(({ kind }) => kind === 'lift_suspension')
  expect(job).toMatchObject({ state: 'failed', dismissible: false })
  expect(job?.error).toContain('locked')

  await asAdmin(world, 'PUT', RIVER, { locked: false })
  await api.moderation.retryJob({ job: job?.id ?? '' })
  await world.drain()
  expect(account()).toMatchObject({ locked: false, suspended: false })
  expect(kinds(applicant.email).at(-1)).toBe('probation_over')
})

test('a denial that ends a probation does not wait for a step of the account that is tried again later', async () => {
  const { view } = await requested(world, 'river')
  world.standIn.faults = ({ path }) =>
    path.includes('/threepid/')
      ? { status: 500, body: { errcode: 'M_UNKNOWN', error: 'Internal server error' } }
      : undefined
  await decideOn(world, view.id, 'probation')
  const { api } = await aModerator(world.services)
  const waiting = async () =>
    (await api.moderation.registration({ id: view.id })).jobs.filter(({ state }) => state === 'waiting')
  expect(await waiting()).not.toEqual([])
  expect(await decideOn(world, view.id, 'deny')).toMatchObject({ state: 'denied', account: 'removed' })
  expect(account()).toMatchObject({ deactivated: true })
  world.standIn.faults = undefined
  world.pass(DAY)
  await world.drain()
  expect(await waiting()).toEqual([])
  expect(await api.moderation.registration({ id: view.id })).toMatchObject({ trouble: false })
})

test('a denial that ends a probation removes the account, even if that had to wait until the request was deleted', async () => {
  const { view } = await requested(world, 'river')
  await decideOn(world, view.id, 'probation')
  const other = await verified(world, 'brook')
  world.standIn.faults = () => 'cut'
  for (let tries = 0; tries < 3; tries++)
    await codeOf(other.api.registration.request({ password: PASSWORD, reason: REASON, legal: true }))
  await decideOn(world, view.id, 'deny')
  world.pass(400 * DAY)
  await world.services.scheduler.cleanUp({ dryRun: false })
  expect(await world.services.registrar.find(view.id)).toBeNull()
  expect(account()).toMatchObject({ deactivated: false })
  world.standIn.faults = undefined
  for (let minute = 0; minute < 3; minute++) {
    world.pass(60_000)
    await world.drain()
  }
  expect(account()).toMatchObject({ deactivated: true })
})

test('neither mail nor page calls an account removed that a denial could not remove yet', async () => {
  const applicant = await requested(world, 'river')
  await decideOn(world, applicant.view.id, 'probation')
  world.standIn.faults = ({ path, method }) =>
    method === 'POST' && path.includes('/deactivate/') ? 'cut' : undefined
  await decideOn(world, applicant.view.id, 'deny')
  expect(account()).toMatchObject({ deactivated: false })
  const { subject, text } = renderMail(world.mailbox.last(applicant.email, 'denied'), 'en', SITE)
  expect(`${subject} ${text}`).not.toMatch(/was (?:removed|closed)/)
  expect(text).toContain(`decided to remove your account ${RIVER}.`)
  const words = async () => {
    const own = await applicant.api.registration.current()
    return own === null ? null : standingWords(own)
  }
  expect(await words()).toMatchObject({
    title: 'We decided to close your account',
    words: [
      expect.stringContaining(`decided to remove your account ${RIVER}.`),
      'Your account hasn’t been removed yet.',
      expect.any(String),
    ],
  })

  world.standIn.faults = undefined
  world.pass(DAY)
  await world.drain()
  expect(account()).toMatchObject({ deactivated: true })
  expect(await words()).toMatchObject({
    title: 'Your account was closed',
    words: [expect.stringContaining('your account was removed'), expect.any(String)],
  })
})

describe('an outage', () => {
  test.each(['cut', 'lost'] as const)('of the suspension delays the opening: %s', async (fault) => {
    const { view } = await requested(world, 'river')
    let times = 1
    world.standIn.faults = ({ path }) => (path.includes('/suspend/') && times-- > 0 ? fault : undefined)
    await decideOn(world, view.id, 'probation')
    expect(account()).toMatchObject({ locked: true })
    world.pass(DAY)
    await world.drain()
    expect(account()).toMatchObject({ locked: false, suspended: true })
    expect(await world.services.registrar.find(view.id)).toMatchObject({ probation: 'running' })
  })

  test.each(['cut', 'lost'] as const)('of the end is tried again, and told once: %s', async (fault) => {
    const applicant = await requested(world, 'river')
    await decideOn(world, applicant.view.id, 'probation')
    world.pass(SERVED)
    let times = 1
    world.standIn.faults = ({ path }) => (path.includes('/suspend/') && times-- > 0 ? fault : undefined)
    await hourly()
    expect(await applicant.api.registration.current()).toMatchObject({ probation: { until: null } })
    world.pass(DAY)
    await hourly()
    expect(account()).toMatchObject({ suspended: false })
    expect(kinds(applicant.email).filter((kind) => kind === 'probation_over')).toHaveLength(1)
  })

  test('of a room lets nobody write meanwhile who got in before', async () => {
    const { view } = await requested(world, 'river')
    let times = 1
    world.standIn.faults = ({ path, method, body }) => {
      if (path.includes('/join/') && times <= 0)
        return { status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 60_000 } }
      return method === 'PUT' && body.includes('"locked":false') && times-- > 0 ? 'lost' : undefined
    }
    await decideOn(world, view.id, 'probation')
    const user = account()
    expect(user).toMatchObject({ locked: false })
    if (user !== undefined) user.suspended = false
    world.pass(60_000)
    await world.drain()
    expect(account()).toMatchObject({ locked: false, suspended: true })
  })

  test('of a room is not forgotten where the answer to the unlocking got lost', async () => {
    const { view } = await requested(world, 'river')
    let times = 1
    world.standIn.faults = ({ path, method, body }) => {
      if (path.includes('/join/') && times > 0)
        return { status: 404, body: { errcode: 'M_NOT_FOUND', error: 'No room' } }
      return method === 'PUT' && body.includes('"locked":false') && times-- > 0 ? 'lost' : undefined
    }
    await decideOn(world, view.id, 'probation')
    world.pass(DAY)
    await world.drain()
    expect(account()).toMatchObject({ locked: false, suspended: true })
    const seen = (await aModerator(world.services)).api.moderation.registration({ id: view.id })
    expect((await seen).jobs.filter(({ kind }) => kind === 'join_room')).toMatchObject([{ state: 'failed' }])
  })

  test('of a room keeps nobody out: its job is shown, and works once the probation is over', async () => {
    const { view } = await requested(world, 'river')
    world.standIn.faults = ({ path }) =>
      path.includes('/join/')
        ? { status: 404, body: { errcode: 'M_NOT_FOUND', error: 'No room' } }
        : undefined
    const open = await decideOn(world, view.id, 'probation')
    expect(open).toMatchObject({ state: 'completed', probation: 'running', trouble: true })
    world.standIn.faults = undefined
    const { api } = await aModerator(world.services)
    await api.moderation.endProbation({ id: view.id, version: open.version })
    await world.drain()
    const job = open.jobs.find(({ kind }) => kind === 'join_room')
    await api.moderation.retryJob({ job: job?.id ?? '' })
    await world.drain()
    expect(inLobby()).toBe(true)
  })
})

describe('after a backup was restored', () => {
  const differences = async () => (await world.services.reconciliation.list()).map(({ code }) => code)
  const mend = async () => {
    for (const one of await world.services.reconciliation.list())
      expect(await world.services.reconciliation.mend(one)).toBe(true)
    await world.drain()
  }

  test('what the homeserver knows better counts, and is not told again', async () => {
    const applicant = await requested(world, 'river')
    const { id } = applicant.view
    await decideOn(world, id, 'probation')
    expect(await differences()).toEqual([])
    const user = account()
    if (user !== undefined) user.suspended = false
    expect(await differences()).toEqual(['found_unsuspended'])
    await mend()
    expect(await world.services.registrar.find(id)).toMatchObject({ state: 'completed', probation: 'none' })
    expect(await differences()).toEqual([])
    expect(kinds(applicant.email)).not.toContain('probation_over')
  })

  test('an account that was removed meanwhile was denied', async () => {
    const { view, api } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation', { message: 'Hello' })
    await asAdmin(world, 'PUT', RIVER, { deactivated: true })
    expect(await differences()).toEqual(['found_removed'])
    await mend()
    expect(await api.registration.current()).toMatchObject({
      state: 'denied',
      hadAccount: true,
      account: 'removed',
      message: null,
    })
    const desk = (await aModerator(world.services)).api
    expect(await codeOf(desk.moderation.undo({ id: view.id }))).toBe('undo_too_late')
    expect(await world.services.registrar.find(view.id)).toMatchObject({ state: 'denied', probation: 'none' })
    expect(await differences()).toEqual([])
  })

  test('and so was one that its end finds removed', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    await asAdmin(world, 'PUT', RIVER, { deactivated: true })
    world.pass(SERVED)
    await hourly()
    expect(await world.services.registrar.find(view.id)).toMatchObject({
      state: 'denied',
      account: 'removed',
    })
  })

  test('an end without its job gets one', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    await world.services.registrar.act(view.id, { type: 'end_probation', early: true }, { kind: 'system' })
    await world.database.write((tx) => tx.run(`delete from jobs where kind = 'lift_suspension'`))
    expect(await differences()).toEqual(['not_unsuspended'])
    await mend()
    expect(account()).toMatchObject({ suspended: false })
  })
})
