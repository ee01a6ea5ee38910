import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startMasWorld } from '../../src/stand-in/mas'
import { connectHomeserver } from '$lib/server/homeserver/connect'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { email, username } from '../support/registration'
import {
  aConfig,
  aModerator,
  aWorld,
  DOMAIN,
  PASSWORD,
  REASON,
  requested,
  verified,
  type TestWorld,
} from '../support/world'

/** The whole way, where a MAS manages the homeserver's accounts. */
const CLIENT = { clientId: '01J44RKQYM4G3TNVANTMTDYTX6', clientSecret: 'client-secret' }
const form = { password: PASSWORD, reason: REASON, legal: true }
const river = username('river')

let servers: Awaited<ReturnType<typeof startMasWorld>>
let world: TestWorld
beforeEach(async () => {
  servers = await startMasWorld({ ...CLIENT, domain: DOMAIN })
  const { mas, homeserver } = servers
  const connected = connectHomeserver({
    url: homeserver.url,
    domain: DOMAIN,
    token: null,
    verifyCert: true,
    timeout: 2_000,
    mas: { ...CLIENT, url: mas.url, account: username('registration') },
  })
  world = await aWorld(
    {
      autoJoin: [`#lobby:${DOMAIN}`],
      matrixNotifications: { adminRoom: null, welcome: { room: null, template: 'Welcome {username}' } },
      moderation: { ...aConfig().moderation, probation: true },
    },
    undefined,
    { url: homeserver.url, homeserver: connected.homeserver },
  )
})
afterEach(async () => {
  await world.dispose()
  await servers.close()
})

/** The answer to the first account that MAS is asked to make gets lost. */
function loseFirstClaim(): void {
  let lost = false
  servers.mas.faults = ({ method, path }) => {
    if (lost || method !== 'POST' || path !== '/api/admin/v1/users') return undefined
    lost = true
    return 'lost'
  }
}

async function signIn(user: string, password = PASSWORD): Promise<string> {
  const answer = await fetch(`${servers.mas.url}/_matrix/client/v3/login`, {
    method: 'POST',
    body: JSON.stringify({ type: 'm.login.password', identifier: { type: 'm.id.user', user }, password }),
  })
  const body: unknown = await answer.json()
  return answer.ok ? 'in' : String(Object(body).errcode)
}
const erased = () =>
  expect.poll(() => servers.homeserver.users.get(`@river:${DOMAIN}`)?.deactivated).toBe(true)

describe('with MAS', () => {
  test('approved: locked until then; then open, with address, room and welcome', async () => {
    const { view, email: address } = await requested(world, 'river')
    expect(await signIn('river')).toBe('M_USER_LOCKED')
    const after = await decideOn(world, view.id, 'approve')
    expect(after).toMatchObject({ state: 'completed', account: 'open' })
    expect(after.jobs.map(({ kind, state, error }) => [kind, state, error])).toEqual(
      after.jobs.map(({ kind }) => [kind, 'done', null]),
    )
    expect(await signIn('river')).toBe('in')
    expect(servers.mas.state.emailsOf(servers.mas.state.find('river')?.id ?? '')).toMatchObject([
      { email: address },
    ])
    const rooms = [...servers.homeserver.rooms.values()]
    expect(rooms.find(({ name }) => name === 'Lobby')?.members).toContain(`@river:${DOMAIN}`)
    const chat = rooms.find(
      ({ invited, members }) =>
        [...invited, ...members].includes(`@river:${DOMAIN}`) && members.has(`@registration:${DOMAIN}`),
    )
    expect(chat?.messages.map(({ content }) => content)).toMatchObject([{ body: 'Welcome river' }])
  })

  test('a password that MAS finds too weak is asked for again, and everything else stays', async () => {
    const { api } = await verified(world, 'river')
    expect(await codeOf(api.registration.request({ ...form, password: 'password1234' }))).toBe(
      'password_weak',
    )
    expect(await api.registration.current()).toMatchObject({ state: 'verified', holdsName: true })
    expect(servers.mas.state.find('river')?.lockedAt).not.toBeNull()
    expect(await codeOf(api.registration.request(form))).toBe('done')
    expect(await api.registration.current()).toMatchObject({ state: 'requested', account: 'filled' })
    expect(await api.registration.passwordRules()).toMatchObject({ judged: true })
  })

  test('denied: nobody gets in, and the next applicant has the name with a password of their own', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'deny')
    expect(await signIn('river')).toBe('M_FORBIDDEN')
    await erased()
    const other = 'four entirely other words'
    const next = await verified(world, 'river', 'next@mail.test')
    expect(await codeOf(next.api.registration.request({ ...form, password: other }))).toBe('done')
    expect(await signIn('river', other)).toBe('M_USER_LOCKED')
    const id = (await next.api.registration.current())?.id ?? ''
    expect(await decideOn(world, id, 'approve')).toMatchObject({ state: 'completed' })
    expect(await signIn('river', other)).toBe('in')
    expect(await signIn('river')).toBe('M_FORBIDDEN')
  })

  /** An applicant whose request stops when MAS is between its two steps: Synapse has the account, and MAS does not. */
  async function halfMade() {
    const { api } = await verified(world, 'river')
    servers.mas.faults = ({ method, path }) => {
      if (method !== 'POST' || path !== '/api/admin/v1/users') return undefined
      void servers.mas.state.synapse?.provision({ localpart: 'river', locked: false })
      return { status: 500, body: { errors: [{ title: 'Internal server error' }] } }
    }
    expect(await codeOf(api.registration.request(form))).toBe('homeserver_unavailable')
    servers.mas.faults = undefined
    return api
  }
  async function pass(ms: number) {
    for (let passed = 0; passed < ms; passed += 5_000) {
      world.pass(5_000)
      await world.drain()
    }
  }

  test('an account that MAS lost half of is healed by the next attempt', async () => {
    const api = await halfMade()
    expect(await codeOf(api.registration.request(form))).toBe('done')
    expect(await signIn('river')).toBe('M_USER_LOCKED')
  })

  test('it is healed as well where its applicant comes back after it was looked at', async () => {
    const api = await halfMade()
    await pass(120_000)
    expect(await codeOf(api.registration.request(form))).toBe('done')
    expect(await signIn('river')).toBe('M_USER_LOCKED')
  })

  test.each([
    ['at once', 0],
    ['after it was looked at', 120_000],
  ])(
    'it is removed where its applicant withdraws instead, %s, and another one has the name',
    async (_, wait) => {
      const api = await halfMade()
      await pass(wait)
      await api.registration.withdraw({})
      await pass(10 * 60_000)
      await erased()
      expect(await world.services.accountLedger.account(river)).toMatchObject({ state: 'removed' })
      const next = await verified(world, 'river', 'next@mail.test')
      expect(await codeOf(next.api.registration.request(form))).toBe('done')
      expect(await signIn('river')).toBe('M_USER_LOCKED')
    },
  )

  test('an account that MAS makes only after a minute is found', async () => {
    const { api } = await verified(world, 'river')
    servers.mas.faults = ({ method, path }) =>
      method === 'POST' && path === '/api/admin/v1/users' ? 'cut' : undefined
    expect(await codeOf(api.registration.request(form))).toBe('homeserver_unavailable')
    servers.mas.faults = undefined
    world.pass(60_000)
    await world.drain()
    expect(await world.services.accountLedger.account(river)).toMatchObject({ state: 'claiming' })
    servers.mas.state.addUser('river')
    await servers.mas.state.synapse?.provision({ localpart: 'river', locked: false })
    world.pass(40_000)
    await world.drain()
    expect(await world.services.accountLedger.account(river)).toMatchObject({ state: 'doubtful' })
  })

  test('an account whose making nobody answered for stands in front of a moderator, with what MAS knows', async () => {
    const { api } = await verified(world, 'river')
    loseFirstClaim()
    expect(await codeOf(api.registration.request(form))).toBe('homeserver_unavailable')
    expect(await codeOf(api.registration.request(form))).toBe('username_lost')
    const moderator = await aModerator(world.services)
    expect(await moderator.api.moderation.doubts()).toMatchObject([
      { username: 'river', reachable: true, signs: [], account: { devices: 0, contacts: 0 } },
    ])
    expect(await signIn('river')).toBe('M_FORBIDDEN')
  })

  test('such an account that an operator deactivated is adopted, and its name is given out again', async () => {
    const { api } = await verified(world, 'river')
    loseFirstClaim()
    await codeOf(api.registration.request(form))
    expect(await codeOf(api.registration.request(form))).toBe('username_lost')
    const user = servers.mas.state.find('river')
    if (user === undefined) throw new Error('No account')
    user.deactivatedAt = Date.now()
    await servers.mas.state.synapse?.delete('river', true)
    const moderator = await aModerator(world.services)
    expect(await codeOf(moderator.api.moderation.settleDoubt({ username: river, verdict: 'adopt' }))).toBe(
      'done',
    )
    await world.drain()
    expect(await world.services.accountLedger.account(river)).toMatchObject({ state: 'removed' })
    const next = await verified(world, 'river', 'next@mail.test')
    expect(await codeOf(next.api.registration.request(form))).toBe('done')
    expect(await signIn('river')).toBe('M_USER_LOCKED')
  })

  test('on probation it reads, and becomes a normal one', async () => {
    const { view } = await requested(world, 'river')
    await decideOn(world, view.id, 'probation')
    expect(await world.homeserver.account(river)).toMatchObject({ locked: false, suspended: true })
    expect(await signIn('river')).toBe('in')
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id: view.id })
    await api.moderation.endProbation({ id: view.id, version })
    await world.drain()
    expect(await world.homeserver.account(river)).toMatchObject({ suspended: false })
  })

  test('a homeserver that was moved to MAS with a request that waits: it is locked there, and opens', async () => {
    const { view, email: address } = await requested(world, 'river')
    // As syn2mas carries it over: another ID, the lock and the hash stay.
    const { state } = servers.mas
    const before = state.find('river')
    if (before === undefined) throw new Error('No account')
    state.users.delete(before.id)
    state.addUser('river', {
      lockedAt: before.lockedAt,
      password: before.password,
      createdAt: before.createdAt,
    })
    expect(await world.services.reconciliation.list()).toEqual([])
    expect(await decideOn(world, view.id, 'approve')).toMatchObject({ state: 'completed' })
    expect(await signIn('river')).toBe('in')
    expect(await world.homeserver.addressOwner(email(address))).toBe(`@river:${DOMAIN}`)
  })
})
