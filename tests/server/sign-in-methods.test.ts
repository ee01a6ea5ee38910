import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findNewestEvents } from '$lib/server/database/events'
import { LATELY_MS } from '$lib/server/auth/sessions'
import { anAuthenticator } from '../support/authenticator'
import { orThrow } from '$lib/server/trpc/refusal-error'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, tokenIn, type TestWorld } from '../support/world'

const PASSWORD = 'a moderators password'
const NEXT = 'another fine password'
let world: TestWorld
let ada: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld()
  ada = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

type Browser = ReturnType<typeof aBrowser>
const isIn = async ({ jar }: Browser) =>
  (await world.services.sessions.check(jar.get(world.services.sessions.cookieName))) !== null

async function signedIn(username: string, password = PASSWORD): Promise<Browser> {
  const browser = aBrowser(world.services)
  await browser.api.session.signIn({ username, password })
  return browser
}

/** A moderator with an authenticator, and the code that it shows now. */
async function withFactor(username: string) {
  const one = await aModerator(world.services, username)
  await one.api.factors.begin()
  const secret = (await one.api.factors.view()).setup?.secret ?? ''
  const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: world.now() })
  await one.api.factors.confirm({ code: code() })
  world.pass(60_000)
  return { ...one, code }
}

/** The link to an address that a moderator asked for, as its mail brings it. */
async function addressLink(one: Browser, email: string): Promise<string> {
  await one.api.account.askAddress({ email })
  await world.drain()
  return tokenIn(world.mailbox.last(email, 'confirm_moderator').link)
}

test('a browser that was left open makes no other way in, until somebody signs in again', async () => {
  await aModerator(world.services, 'bob')
  const here = async (browser: Browser) => {
    const cookie = browser.jar.get(world.services.sessions.cookieName)
    const found = await world.services.sessions.check(cookie)
    if (found === null) throw new Error('Nobody is signed in')
    return aBrowser(world.services, { moderator: found.moderator }).api
  }
  const changes = async (browser: Browser) => {
    const api = await here(browser)
    return [
      await codeOf(api.account.askAddress({ email: 'other@mail.test' })),
      await codeOf(api.factors.begin()),
      await codeOf(api.factors.startPasskey()),
    ]
  }
  const open = await signedIn('bob')
  world.pass(LATELY_MS - 1)
  expect(await changes(open)).toEqual(['done', 'done', 'done'])
  world.pass(1)
  expect(await changes(open)).toEqual(Array<string>(3).fill('sign_in_again'))
  expect((await (await here(open)).account.view()).username).toBe('bob')
  expect(await changes(await signedIn('bob'))).toEqual(['done', 'done', 'done'])
})

describe('what was begun with a password ends with it', () => {
  test('half a sign-in, for whoever changes it, and for the operator who sets another', async () => {
    const bob = await withFactor('bob')
    for (const change of [
      () => bob.api.account.changePassword({ now: PASSWORD, next: NEXT }),
      () => world.services.moderators.setPassword('bob', PASSWORD),
      () => world.services.moderators.setPassword('bob', NEXT),
    ]) {
      const thief = aBrowser(world.services)
      const known =
        (await codeOf(thief.api.session.signIn({ username: 'bob', password: PASSWORD }))) === 'done'
      if (!known) await thief.api.session.signIn({ username: 'bob', password: NEXT })
      expect(await thief.api.session.isHalfWay()).toBe(true)
      await change()
      expect(await thief.api.session.isHalfWay()).toBe(false)
      world.pass(60_000)
      expect(await codeOf(thief.api.session.enterCode({ code: bob.code() }))).toBe('not_signed_in')
    }
  })

  test('an address that somebody else at the keyboard asked for', async () => {
    const bob = await aModerator(world.services, 'bob')
    const token = await addressLink(bob, 'thief@mail.test')
    await bob.api.account.changePassword({ now: PASSWORD, next: NEXT })
    expect(await codeOf(aBrowser(world.services).api.moderators.confirmAddress({ token }))).toBe('link_spent')
  })

  test('and one that was asked for and whose mail was not sent yet goes nowhere', async () => {
    const bob = await aModerator(world.services, 'bob')
    await bob.api.account.askAddress({ email: 'thief@mail.test' })
    await world.services.moderators.setPassword('bob', NEXT)
    await world.drain()
    expect(world.mailbox.letters.filter(({ to }) => to.includes('thief@mail.test'))).toEqual([])
  })
})

describe('who gave a password that is replaced while it is verified', () => {
  /** Sets another password before a write that the given one would allow. */
  async function refusedIn(change: () => Promise<unknown>): Promise<string> {
    const { read } = world.database
    let left = 1
    vi.spyOn(world.database, 'read').mockImplementation(async (work) => {
      const found = await read(work)
      if (left-- === 1) await world.services.moderators.setPassword('bob', NEXT)
      return found
    })
    return codeOf(change()).finally(() => vi.mocked(world.database.read).mockRestore())
  }

  test.each([
    ['makes no recovery codes', 'renewCodes'],
    ['turns no authenticator off', 'turnOff'],
  ] as const)('%s', async (_, change) => {
    const bob = await withFactor('bob')
    expect(await refusedIn(() => world.services.factors[change](bob.id, PASSWORD).then(orThrow))).toBe(
      'password_wrong',
    )
    expect(await world.services.factors.view(bob.id, null)).toMatchObject({
      codesLeft: 10,
      since: expect.any(Number) as number,
    })
    const kinds = (await world.database.read((reader) => findNewestEvents(reader, 1))).map(({ kind }) => kind)
    expect(kinds).toEqual(['password_changed'])
  })

  test('removes no passkey', async () => {
    const bob = await aModerator(world.services, 'bob')
    const key = anAuthenticator({ origin: 'https://register.example.test', rpID: 'register.example.test' })
    const { challenge } = await bob.api.factors.startPasskey()
    await bob.api.factors.addPasskey({ name: 'my phone', answer: key.make(challenge) })
    const remove = () => world.services.passkeys.remove(bob.id, key.id, PASSWORD).then(orThrow)
    expect(await refusedIn(remove)).toBe('password_wrong')
    expect(await bob.api.factors.passkeys()).toHaveLength(1)
  })
})

describe('whoever is let in at the moment at which all are signed out is out as well', () => {
  async function thenAllOut<T>(id: string, letIn: Promise<T>): Promise<T> {
    const result = await letIn
    await world.services.moderatorAccounts.signOut(id, { kind: 'command_line' })
    return result
  }

  test('by a code', async () => {
    const bob = await withFactor('bob')
    const browser = await signedIn('bob')
    const { enter } = world.services.factors
    vi.spyOn(world.services.factors, 'enter').mockImplementation((...given) =>
      thenAllOut(bob.id, enter(...given)),
    )
    await browser.api.session.enterCode({ code: bob.code() })
    expect(await isIn(browser)).toBe(false)
  })

  test('by a passkey', async () => {
    const bob = await aModerator(world.services, 'bob')
    const key = anAuthenticator({ origin: 'https://register.example.test', rpID: 'register.example.test' })
    const { challenge } = await bob.api.factors.startPasskey()
    await bob.api.factors.addPasskey({ name: 'my phone', answer: key.make(challenge) })
    const browser = aBrowser(world.services)
    const asked = await browser.api.session.startPasskey()
    const { signIn } = world.services.passkeys
    vi.spyOn(world.services.passkeys, 'signIn').mockImplementation((...given) =>
      thenAllOut(bob.id, signIn(...given)),
    )
    await browser.api.session.enterPasskey({ answer: key.sign(asked.challenge) })
    expect(await isIn(browser)).toBe(false)
  })

  test('by an invitation', async () => {
    await ada.api.moderators.invite({ email: 'bob@mail.test', role: 'moderator' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('bob@mail.test', 'invitation').link)
    const { join } = world.services.moderatorInvitations
    vi.spyOn(world.services.moderatorInvitations, 'join').mockImplementation(async (...given) => {
      const joined = await join(...given)
      const bob = (await ada.api.moderators.list()).people.find(({ username }) => username === 'bob')
      return thenAllOut(bob?.id ?? '', Promise.resolve(joined))
    })
    const browser = aBrowser(world.services)
    await browser.api.moderators.join({ token, username: 'bob', password: PASSWORD })
    expect(await isIn(browser)).toBe(false)
  })

  test('by a new password', async () => {
    const bob = await aModerator(world.services, 'bob')
    const { changePassword } = world.services.ownAccount
    vi.spyOn(world.services.ownAccount, 'changePassword').mockImplementation((...given) =>
      thenAllOut(bob.id, changePassword(...given)),
    )
    await bob.api.account.changePassword({ now: PASSWORD, next: NEXT })
    expect(await isIn(bob)).toBe(false)
  })
})

test('who is disabled has no link that works: neither an address nor an invitation', async () => {
  const eve = await aModerator(world.services, 'eve', 'administrator')
  const address = await addressLink(eve, 'eve.new@mail.test')
  await eve.api.moderators.invite({ email: 'eve.again@mail.test', role: 'administrator' })
  await ada.api.moderators.invite({ email: 'friend@mail.test', role: 'moderator' })
  await world.drain()
  const back = tokenIn(world.mailbox.last('eve.again@mail.test', 'invitation').link)
  const friend = tokenIn(world.mailbox.last('friend@mail.test', 'invitation').link)
  const { people } = await ada.api.moderators.list()
  const id = people.find(({ username }) => username === 'eve')?.id ?? ''
  await ada.api.moderators.setDisabled({ id, disabled: true })
  const stranger = aBrowser(world.services)
  expect(await codeOf(stranger.api.moderators.confirmAddress({ token: address }))).toBe('link_spent')
  expect(
    await codeOf(stranger.api.moderators.join({ token: back, username: 'eve2', password: PASSWORD })),
  ).toBe('link_spent')
  expect(
    await codeOf(stranger.api.moderators.join({ token: friend, username: 'friend', password: PASSWORD })),
  ).toBe('done')
  const kinds = (await world.database.read((reader) => findNewestEvents(reader, 20))).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'invitation_withdrawn')).toHaveLength(1)
})

test('who is an administrator no more leaves no invitation behind, and neither does who the operator disables', async () => {
  for (const [name, end] of [
    ['eve', (id: string) => ada.api.moderators.setRole({ id, role: 'moderator' })],
    ['mallory', () => world.services.moderators.disable('mallory')],
  ] as const) {
    const one = await aModerator(world.services, name, 'administrator')
    await one.api.moderators.invite({ email: `${name}@mail.test`, role: 'administrator' })
    await world.drain()
    const token = tokenIn(world.mailbox.last(`${name}@mail.test`, 'invitation').link)
    const { people } = await ada.api.moderators.list()
    await end(people.find(({ username }) => username === name)?.id ?? '')
    const join = aBrowser(world.services).api.moderators.join({
      token,
      username: `${name}2`,
      password: PASSWORD,
    })
    expect(await codeOf(join)).toBe('link_spent')
  }
})

test('where the operator takes the second factor off, whoever is in is out', async () => {
  const bob = await withFactor('bob')
  const thief = await signedIn('bob')
  await thief.api.session.enterCode({ code: bob.code() })
  const half = await signedIn('bob')
  expect([await isIn(thief), await half.api.session.isHalfWay()]).toEqual([true, true])
  await world.services.factors.reset('bob')
  expect([await isIn(thief), await half.api.session.isHalfWay()]).toEqual([false, false])
})

test('a sign-in begins a session of its own and ends the one that the browser had, planted or not', async () => {
  const planted = await signedIn('ada')
  const { cookieName, check } = world.services.sessions
  const known = planted.jar.get(cookieName) ?? ''
  const bob = await withFactor('bob')
  const victim = aBrowser(world.services)
  victim.jar.set(cookieName, known)
  await victim.api.session.signIn({ username: 'bob', password: PASSWORD })
  expect((await check(known))?.moderator.username).toBe('ada')
  await victim.api.session.enterCode({ code: bob.code() })
  const fresh = victim.jar.get(cookieName)
  expect(fresh).not.toBe(known)
  expect(await check(known)).toBeNull()
  await victim.api.session.signIn({ username: 'ada', password: PASSWORD })
  expect(await check(fresh)).toBeNull()
  expect((await check(victim.jar.get(cookieName)))?.moderator.username).toBe('ada')
})

test('the role of a session is the one of now', async () => {
  const eve = await aModerator(world.services, 'eve', 'administrator')
  const browser = await signedIn('eve')
  const cookie = browser.jar.get(world.services.sessions.cookieName)
  const { people } = await ada.api.moderators.list()
  const id = people.find(({ username }) => username === 'eve')?.id ?? ''
  expect((await world.services.sessions.check(cookie))?.moderator.role).toBe('administrator')
  await ada.api.moderators.setRole({ id, role: 'moderator' })
  expect((await world.services.sessions.check(cookie))?.moderator.role).toBe('moderator')
  expect(eve).toBeDefined()
})
