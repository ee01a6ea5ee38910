import { afterEach, describe, expect, test } from 'vitest'
import { createSynapse } from '$lib/server/homeserver/synapse'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import { aBrowser, aModerator, aWorld, PASSWORD, REASON, requested, verified } from '../support/world'
import type { TestWorld } from '../support/world'

const form = { password: PASSWORD, reason: REASON, legal: true }
let world: TestWorld | undefined
afterEach(async () => {
  await world?.dispose()
  world = undefined
})

/** A world whose homeserver can be changed for another one while it runs. */
async function aChangingWorld() {
  let broken = false
  const made = await aWorld({}, (right) => {
    const wrong = () =>
      createSynapse({
        url: made.standIn.url,
        domain: 'wrong.test',
        token: 'token',
        verifyCert: true,
        timeout: 2_000,
      })
    return new Proxy(right, {
      get: (target, name) => Reflect.get(broken ? wrong() : target, name) as unknown,
    })
  })
  world = made
  return { world: made, setWrong: (is: boolean) => (broken = is) }
}

describe('a set-up that is wrong', () => {
  test('closes registration before anything is typed, is told on the desk, and opens again when it is mended', async () => {
    const { world, setWrong } = await aChangingWorld()
    setWrong(true)
    const problem = await world.services.outages.findSetUpProblem()
    expect(problem?.message).toMatch(/synapse\.domain/)
    const visitor = aBrowser(world.services).api
    expect(await visitor.registration.opening()).toMatchObject({ open: false, why: 'set_up' })
    expect(await visitor.registration.checkUsername({ username: 'river' })).toMatchObject({
      ok: false,
      refusal: { code: 'registration_closed' },
    })
    expect(await codeOf(visitor.registration.start({ username: 'river', email: 'river@mail.test' }))).toBe(
      'registration_closed',
    )
    const { api } = await aModerator(world.services)
    expect(await api.moderation.outages()).toMatchObject([
      { server: 'homeserver', reason: expect.stringContaining('synapse.domain') },
    ])
    expect(await api.intake.state()).toMatchObject({ opening: { open: false, why: 'set_up' } })
    await api.intake.close({ message: { en: 'We are away' }, until: '' })
    expect(await api.intake.state()).toMatchObject({
      opening: { open: false, why: 'set_up' },
      hand: { says: 'closed', message: { en: 'We are away' } },
    })
    await api.intake.open({ until: '' })

    setWrong(false)
    world.pass(30_000)
    await world.drain()
    expect(await visitor.registration.opening()).toEqual({ open: true })
    expect(await api.moderation.outages()).toEqual([])
    expect(await api.intake.state()).toMatchObject({ opening: { open: true }, hand: null })
  })

  test('keeps who is on the way from the last step, makes no account, and keeps what was typed', async () => {
    const { world, setWrong } = await aChangingWorld()
    const { api } = await verified(world, 'river')
    setWrong(true)
    expect(await codeOf(api.registration.request(form))).toBe('homeserver_refuses')
    expect([...world.standIn.users.keys()]).not.toContain('@river:example.test')
    expect(await api.registration.current()).toMatchObject({ state: 'verified', reason: REASON })
    setWrong(false)
    world.pass(30_000)
    await world.drain()
    expect(await api.registration.request(form)).toMatchObject({
      state: 'requested',
    })
  })

  test('lets decisions wait instead of failing them', async () => {
    const { world, setWrong } = await aChangingWorld()
    const { view } = await requested(world, 'river')
    setWrong(true)
    await world.services.outages.findSetUpProblem()
    const { api } = await aModerator(world.services)
    await decideOn(world, view.id, 'approve')
    await world.drain()
    const { jobs } = await api.moderation.registration({ id: view.id })
    expect(jobs.find(({ kind }) => kind === 'open_account')).toMatchObject({ state: 'waiting', attempts: 0 })
    setWrong(false)
    world.pass(30_000)
    await world.drain()
    expect((await api.moderation.registration({ id: view.id })).state).toBe('completed')
  })

  test('is looked for again while the program runs', async () => {
    const { world, setWrong } = await aChangingWorld()
    await world.services.outages.findSetUpProblem()
    setWrong(true)
    await world.drain()
    expect(world.services.outages.needsOperator()).toBe(false)
    world.pass(11 * 60_000)
    await world.drain()
    await expect.poll(() => world.services.outages.needsOperator()).toBe(true)
  })
})

describe('consent', () => {
  const consent = { version: '1.0', formSecret: 'form-secret' }
  const legal = [{ title: 'Rules', url: 'https://example.test/rules' }]

  test('under a name that Synapse never had is recorded once the setting is mended', async () => {
    world = await aWorld({ consent: { ...consent, version: '1.O' }, legal })
    const { view } = await requested(world, 'river')
    await world.services.consentWatch.look()
    const { api } = await aModerator(world.services, 'boss', 'administrator')
    expect(await api.moderation.setUp()).toMatchObject([
      { code: 'consent', why: expect.stringContaining('1.O') },
    ])
    const other = await aModerator(world.services)
    expect(await other.api.moderation.setUp()).toEqual([{ code: 'ask_administrator' }])
    await decideOn(world, view.id, 'approve')
    await world.drain()
    const jobOf = async () =>
      (await api.moderation.registration({ id: view.id })).jobs.find(({ kind }) => kind === 'consent')
    expect(await jobOf()).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('consent_version'),
    })
    expect(world.standIn.users.get('@river:example.test')?.consentVersion).toBeNull()

    const mended = world.another({ consent })
    await (await aModerator(mended)).api.moderation.retryJob({ job: (await jobOf())?.id ?? '' })
    await mended.worker.drain()
    expect(await jobOf()).toMatchObject({ state: 'done' })
    expect(world.standIn.users.get('@river:example.test')?.consentVersion).toBe('1.0')
  })
})

describe('what a server refuses while somebody waits', () => {
  test('is logged with the call and the reason, once a minute, and without what was typed', async () => {
    world = await aWorld()
    const lines: Record<string, unknown>[] = []
    Object.assign(world.services.log, { warn: (line: Record<string, unknown>) => lines.push(line) })
    const { api } = aBrowser(world.services)
    world.standIn.faults = ({ path }) =>
      path.includes('username_available') ? { status: 500, body: 'x' } : undefined
    for (let tried = 0; tried < 2; tried++)
      expect(await codeOf(api.registration.checkUsername({ username: 'secretive' }))).toBe(
        'homeserver_unavailable',
      )
    expect(lines).toMatchObject([
      { path: 'registration.checkUsername', server: 'homeserver', reason: expect.stringContaining('500') },
    ])
    world.pass(61_000)
    await codeOf(api.registration.checkUsername({ username: 'secretive' }))
    expect(lines.at(-1)).toMatchObject({ repeated: 1 })
    expect(JSON.stringify(lines)).not.toContain('secretive')
  })

  test('names no Matrix ID', async () => {
    world = await aWorld()
    const error = await world.homeserver
      .open(username((await verified(world, 'river')).view.username))
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ why: expect.not.stringContaining('river') })
  })
})
