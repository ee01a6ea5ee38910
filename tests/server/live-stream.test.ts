import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { SignedInModerator } from '$lib/server/auth/sessions'
import { DAY } from '$lib/registration/time'
import { GET } from '../../src/routes/admin/live/+server'
import { aModerator, aWorld, requested, type TestWorld } from '../support/world'

let world: TestWorld
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  world = await aWorld()
})
afterEach(async () => {
  await world.dispose()
  vi.useRealTimers()
})

/** What the desk's stream answers a browser with this session. */
async function open(moderator: SignedInModerator, cookie: string): Promise<Response> {
  const context = { services: world.services, cookies: { get: () => cookie } }
  const event = { locals: { api: null, context, moderator }, url: new URL('http://desk.test/admin/live') }
  return Reflect.apply(GET, undefined, [event])
}

test.each([
  ['a second factor is asked of everybody', () => world.services.factors.setRequired(true, 'boss')],
  ['they are signed out', (id: string) => world.services.sessions.signOutEverywhere(id)],
])('a stream ends at the next beat where %s', async (_, meanwhile) => {
  const { id } = await aModerator(world.services)
  const { value } = await world.services.sessions.signIn(id)
  const signedIn = await world.services.sessions.check(value)
  if (signedIn === null) throw new Error('Nobody is signed in')
  const reader = (await open(signedIn.moderator, value)).body?.getReader()
  const heard = async () => new TextDecoder().decode((await reader?.read())?.value)
  expect(await heard()).toContain('event: beat')
  await meanwhile(id)
  vi.advanceTimersByTime(15_000)
  for (let chunk = await heard(); chunk !== ''; chunk = await heard()) expect(chunk).not.toContain('beat')
  expect((await open({ ...signedIn.moderator, mustSetUp: true }, value)).status).toBe(403)
})

test('a stream leaves the renewal of its session to a request whose response can carry the cookie', async () => {
  const { id } = await aModerator(world.services)
  const { value } = await world.services.sessions.signIn(id)
  const signedIn = await world.services.sessions.check(value)
  if (signedIn === null) throw new Error('Nobody is signed in')
  world.pass(4 * DAY)
  const reader = (await open(signedIn.moderator, value)).body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('event: beat')
  await reader?.cancel()
  expect(await world.services.sessions.check(value)).toHaveProperty('freshCookie')
})

test('a stream says at once what the queue is, so that a page learns what it missed before', async () => {
  const { id, api } = await aModerator(world.services)
  const { value } = await world.services.sessions.signIn(id)
  const signedIn = await world.services.sessions.check(value)
  if (signedIn === null) throw new Error('Nobody is signed in')
  const { moderator } = signedIn
  const first = async () => {
    const reader = (await open(moderator, value)).body?.getReader()
    const text = new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    return /^event: beat\ndata: (\S+)\n/.exec(text)?.[1]
  }
  const loaded = await api.moderation.revision()
  expect(await first()).toBe(loaded)
  const { view } = await requested({ ...world, services: world.another() }, 'river')
  const missed = await first()
  expect(missed).not.toBe(loaded)
  expect(await api.moderation.revision()).toBe(missed)
  // What one opens oneself is not news, and what a colleague opens is.
  await api.moderation.look({ id: view.id })
  expect(await first()).toBe(missed)
  await (await aModerator(world.services, 'bob')).api.moderation.look({ id: view.id })
  expect(await first()).not.toBe(missed)
})
