import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Services } from '$lib/server/app'
import { findNewestEvents } from '$lib/server/database/events'
import { codeOf } from '../support/code-of'
import { aModerator, aWorld, tokenIn, type TestWorld } from '../support/world'

/** The rules of moderators' accounts hold at both doors: on the page with the moderators, and at the terminal. */
let world: TestWorld
let ada: Awaited<ReturnType<typeof aModerator>>
let bob: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld()
  ada = await aModerator(world.services, 'ada', 'administrator')
  bob = await aModerator(world.services, 'bob', 'administrator')
})
afterEach(() => world.dispose())

const events = async () =>
  (await world.database.read((reader) => findNewestEvents(reader, 100))).map(({ kind, detail }) => ({
    kind,
    detail,
  }))
const administrators = async () =>
  (await world.services.moderators.list())
    .filter(({ role, disabledAt }) => role === 'administrator' && disabledAt === null)
    .map(({ username }) => username)
const cookieOf = async (id: string) => (await world.services.sessions.signIn(id)).value

type Door = (who: { id: string; username: string }, services?: Services) => Promise<string>
/** Every way in which somebody stops being an administrator; each says what came of it. */
const DOORS: Record<string, Door> = {
  'disabled on the page': ({ id }) => codeOf(bob.api.moderators.setDisabled({ id, disabled: true })),
  'made a moderator on the page': ({ id }) => codeOf(bob.api.moderators.setRole({ id, role: 'moderator' })),
  'disabled at the terminal': async ({ username }, services = world.services) => {
    const done = await services.moderators.disable(username)
    return done.ok
      ? 'done'
      : done.problem.includes('last active administrator')
        ? 'last_administrator'
        : 'else'
  },
}
const doors = Object.keys(DOORS)
const through = (door: string, username: 'ada' | 'bob', services?: Services) =>
  DOORS[door]?.({ id: username === 'ada' ? ada.id : bob.id, username }, services)

describe.each(doors)('%s', (door) => {
  test('the last administrator is not, and nothing is changed; with another one there, they are', async () => {
    const cookie = await cookieOf(ada.id)
    await ada.api.moderators.invite({ email: 'eve@mail.test', role: 'moderator' })
    await bob.api.moderators.setRole({ id: bob.id, role: 'moderator' })
    const before = await events()
    expect(await through(door, 'ada')).toBe('last_administrator')
    expect(await administrators()).toEqual(['ada'])
    expect(await world.services.sessions.check(cookie)).not.toBeNull()
    expect(await world.services.moderatorInvitations.list()).toHaveLength(1)
    expect(await events()).toEqual(before)
    await ada.api.moderators.setRole({ id: bob.id, role: 'administrator' })
    expect(await through(door, 'ada')).toBe('done')
    expect(await administrators()).toEqual(['bob'])
  })

  test('somebody leaves no open invitation behind, which the audit log keeps', async () => {
    for (const email of ['eve@mail.test', 'fay@mail.test'])
      await ada.api.moderators.invite({ email, role: 'administrator' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('eve@mail.test', 'invitation').link)
    expect(await through(door, 'ada')).toBe('done')
    const kinds = (await events()).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'invitation_withdrawn')).toHaveLength(2)
    const wish = { token, username: 'eve', password: 'a moderators password' }
    expect(await codeOf(bob.api.moderators.join(wish))).toBe('link_spent')
  })

  test.each(doors)('while the other one is %s: one of the two stays', async (otherDoor) => {
    const other = world.another()
    const ends = await Promise.all([through(door, 'ada'), through(otherDoor, 'bob', other)])
    expect(ends.sort()).toEqual(['done', 'last_administrator'])
    expect(await administrators()).toHaveLength(1)
  })
})

test('who is disabled already is no longer needed, and can become a moderator', async () => {
  await ada.api.moderators.setDisabled({ id: bob.id, disabled: true })
  expect(await codeOf(ada.api.moderators.setRole({ id: bob.id, role: 'moderator' }))).toBe('done')
  expect(await administrators()).toEqual(['ada'])
})

describe('at the terminal', () => {
  test('a disabled account gets no new password, and stays signed out', async () => {
    await world.services.moderators.disable('bob')
    const before = await events()
    expect(await world.services.moderators.setPassword('bob', 'another fine password')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('is disabled') as unknown,
    })
    expect(await events()).toEqual(before)
  })

  test('whose second factor was removed is in the audit log', async () => {
    expect(await world.services.factors.reset('bob')).toBe(true)
    expect((await events())[0]).toEqual({ kind: 'second_factor_off', detail: { moderator: 'bob' } })
  })
})

test('a new password of one’s own is refused to who is disabled meanwhile', async () => {
  const { id } = await aModerator(world.services, 'cleo')
  await ada.api.moderators.setDisabled({ id, disabled: true })
  const { changePassword } = world.services.ownAccount
  const change = await changePassword(
    id,
    { now: 'a moderators password', next: 'another fine password' },
    { device: null, network: null },
  )
  expect(change).toMatchObject({ ok: false, refusal: { code: 'moderator_disabled' } })
})
