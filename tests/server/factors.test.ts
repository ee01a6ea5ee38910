import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LATELY_MS } from '$lib/server/auth/sessions'
import { findModerator } from '$lib/server/database/moderators'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, type TestWorld } from '../support/world'

const PASSWORD = 'a moderators password'
let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** The code that an authenticator with this secret shows now. */
const codeOfNow = (secret: string) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: world.now() })

/** A moderator with an authenticator, and its recovery codes. */
async function withFactor(username: string) {
  const moderator = await aModerator(world.services, username)
  await moderator.api.factors.begin()
  const secret = (await moderator.api.factors.view()).setup?.secret ?? ''
  const codes = await moderator.api.factors.confirm({ code: codeOfNow(secret) })
  world.pass(60_000)
  return { ...moderator, secret, codes }
}

/** A browser that gave the right password. */
async function halfWay(username: string) {
  const browser = aBrowser(world.services)
  expect(await browser.api.session.signIn({ username, password: PASSWORD })).toEqual({ next: 'code' })
  return browser
}
const isIn = async ({ jar }: ReturnType<typeof aBrowser>) =>
  (await world.services.sessions.check(jar.get(world.services.sessions.cookieName)))?.moderator.username ??
  null

describe('an authenticator', () => {
  test('counts once a code of it was typed, and its secret is sealed', async () => {
    const ada = await aModerator(world.services, 'ada')
    await ada.api.factors.begin()
    const { setup, since } = await ada.api.factors.view()
    expect([setup?.secret, since]).toEqual([expect.stringMatching(/^[A-Z2-7]{32}$/), null])
    expect(setup?.svg).toMatch(/^<svg/)
    expect(await codeOf(ada.api.factors.confirm({ code: '000000' }))).toBe('code_wrong')
    const { createClient } = await import('@libsql/client')
    const client = createClient({ url: world.url })
    const { rows } = await client.execute('select totp_secret from moderators')
    client.close()
    expect(JSON.stringify(rows)).not.toContain(setup?.secret)
    const browser = aBrowser(world.services)
    expect(await browser.api.session.signIn({ username: 'ada', password: PASSWORD })).toEqual({
      next: 'desk',
    })
  })

  test('lets nobody in by the password alone, and by its code once', async () => {
    const { secret } = await withFactor('ada')
    const browser = await halfWay('ada')
    expect(await isIn(browser)).toBeNull()
    expect(await codeOf(browser.api.session.enterCode({ code: '123456' }))).toBe('code_wrong')
    const code = codeOfNow(secret)
    await browser.api.session.enterCode({ code })
    expect(await isIn(browser)).toBe('ada')
    const again = await halfWay('ada')
    expect(await codeOf(again.api.session.enterCode({ code }))).toBe('code_wrong')
    expect(await isIn(again)).toBeNull()
  })

  test('takes no code of another person, and no half-way cookie twice or late', async () => {
    const ada = await withFactor('ada')
    const bob = await withFactor('bob')
    const browser = await halfWay('ada')
    expect(await codeOf(browser.api.session.enterCode({ code: codeOfNow(bob.secret) }))).toBe('code_wrong')
    expect(await codeOf(browser.api.session.enterCode({ code: bob.codes[0] ?? '' }))).toBe('code_wrong')
    const copy = aBrowser(world.services)
    for (const [name, value] of browser.jar) copy.jar.set(name, value)
    await browser.api.session.enterCode({ code: codeOfNow(ada.secret) })
    world.pass(60_000)
    expect(await codeOf(copy.api.session.enterCode({ code: codeOfNow(ada.secret) }))).toBe('not_signed_in')
    const late = await halfWay('ada')
    world.pass(10 * 60_000)
    expect(await late.api.session.isHalfWay()).toBe(false)
    expect(await codeOf(late.api.session.enterCode({ code: codeOfNow(ada.secret) }))).toBe('not_signed_in')
    expect(await codeOf(aBrowser(world.services).api.session.enterCode({ code: '123456' }))).toBe(
      'not_signed_in',
    )
  })

  test('is guessed at ten times, not more', async () => {
    const { secret } = await withFactor('ada')
    for (let round = 0; round < 2; round++) {
      const browser = await halfWay('ada')
      for (let tried = 0; tried < 5; tried++)
        expect(await codeOf(browser.api.session.enterCode({ code: '000000' }))).toBe('code_wrong')
    }
    const browser = await halfWay('ada')
    expect(await codeOf(browser.api.session.enterCode({ code: codeOfNow(secret) }))).toBe('too_many_sign_ins')
  })

  test('is not used up for its owner’s own browser by somebody who knows the password', async () => {
    const { secret } = await withFactor('ada')
    const own = await halfWay('ada')
    await own.api.session.enterCode({ code: codeOfNow(secret) })
    world.pass(60_000)
    const thief = await halfWay('ada')
    for (let tried = 0; tried < 10; tried++)
      expect(await codeOf(thief.api.session.enterCode({ code: '000000' }))).toBe('code_wrong')
    expect(await codeOf(thief.api.session.enterCode({ code: codeOfNow(secret) }))).toBe('too_many_sign_ins')
    await own.api.session.signIn({ username: 'ada', password: PASSWORD })
    await own.api.session.enterCode({ code: codeOfNow(secret) })
    expect(await isIn(own)).toBe('ada')
  })

  test('stays with its owner, whatever somebody who knows the password tries at the sign-in', async () => {
    const { api } = await withFactor('ada')
    const thief = await halfWay('ada')
    for (let tried = 0; tried < 10; tried++)
      expect(await codeOf(thief.api.session.enterCode({ code: '000000' }))).toBe('code_wrong')
    expect(await codeOf(thief.api.session.enterCode({ code: '000000' }))).toBe('too_many_sign_ins')
    expect(await api.factors.renewCodes({ password: PASSWORD })).toHaveLength(10)
    // Nor does the owner's own success give the thief more attempts.
    expect(await codeOf(thief.api.session.enterCode({ code: '000000' }))).toBe('too_many_sign_ins')
  })

  test('is of no use to who was disabled meanwhile', async () => {
    const { id, secret } = await withFactor('bob')
    const ada = await aModerator(world.services, 'ada', 'administrator')
    const browser = await halfWay('bob')
    await ada.api.moderators.setDisabled({ id, disabled: true })
    expect(await codeOf(browser.api.session.enterCode({ code: codeOfNow(secret) }))).toBe('not_signed_in')
  })
})

describe('an authenticator that is being set up', () => {
  /** Ada's browser, with a session of its own, as it is now. */
  async function signedIn(password = PASSWORD) {
    const { jar, api } = aBrowser(world.services)
    await api.session.signIn({ username: 'ada', password })
    return { now: () => asNow(jar) }
  }
  async function asNow(jar: Map<string, string>) {
    const found = await world.services.sessions.check(jar.get(world.services.sessions.cookieName))
    if (found === null) throw new Error('Nobody is signed in')
    const browser = aBrowser(world.services, { moderator: found.moderator })
    for (const [name, value] of jar) browser.jar.set(name, value)
    return browser
  }
  const setupOf = async ({ api }: ReturnType<typeof aBrowser>) => (await api.factors.view()).setup

  test('is shown to the session that began it, and counts by a code typed there', async () => {
    await aModerator(world.services, 'ada')
    const thief = await (await signedIn()).now()
    await thief.api.factors.begin()
    const copied = (await setupOf(thief))?.secret ?? ''
    const own = await (await signedIn()).now()
    expect(await setupOf(own)).toBeNull()
    expect(await codeOf(own.api.factors.confirm({ code: codeOfNow(copied) }))).toBe('code_wrong')
    await own.api.factors.begin()
    const secret = (await setupOf(own))?.secret ?? ''
    expect(secret).not.toBe(copied)
    expect(await setupOf(thief)).toBeNull()
    expect(await codeOf(thief.api.factors.confirm({ code: codeOfNow(secret) }))).toBe('code_wrong')
    expect(await own.api.factors.confirm({ code: codeOfNow(secret) })).toHaveLength(10)
  })

  test('is gone once the password was changed, all sessions were ended, or the operator reset it', async () => {
    const { id } = await aModerator(world.services, 'ada')
    const boss = await aModerator(world.services, 'boss', 'administrator')
    const next = 'another fine password'
    const begun = async (password: string) => {
      const browser = await (await signedIn(password)).now()
      await browser.api.factors.begin()
      return browser
    }
    const stored = () =>
      world.services.database.read(async (reader) => (await findModerator(reader, id))?.totpSecret)
    await (await begun(PASSWORD)).api.account.changePassword({ now: PASSWORD, next })
    expect(await stored()).toBeNull()
    await begun(next)
    await boss.api.moderators.signOut({ id })
    expect(await stored()).toBeNull()
    await begun(next)
    await world.services.factors.reset('ada')
    expect(await stored()).toBeNull()
  })

  test('is neither shown nor turned on long after the sign-in', async () => {
    await aModerator(world.services, 'ada')
    const browser = await signedIn()
    const early = await browser.now()
    await early.api.factors.begin()
    const secret = (await setupOf(early))?.secret ?? ''
    world.pass(LATELY_MS)
    const late = await browser.now()
    expect(await setupOf(late)).toBeNull()
    expect(await codeOf(late.api.factors.confirm({ code: codeOfNow(secret) }))).toBe('sign_in_again')
  })
})

describe('recovery codes', () => {
  test('let in once each, however they are typed', async () => {
    const { api, codes } = await withFactor('ada')
    expect(new Set(codes).size).toBe(10)
    const browser = await halfWay('ada')
    await browser.api.session.enterCode({ code: ` ${(codes[0] ?? '').toUpperCase().replaceAll('-', ' ')}` })
    expect(await isIn(browser)).toBe('ada')
    expect((await api.factors.view()).codesLeft).toBe(9)
    const again = await halfWay('ada')
    expect(await codeOf(again.api.session.enterCode({ code: codes[0] ?? '' }))).toBe('code_wrong')
    await again.api.session.enterCode({ code: codes[1] ?? '' })
  })

  test('are made anew and switched off with the password alone', async () => {
    const { api, codes } = await withFactor('ada')
    expect(await codeOf(api.factors.renewCodes({ password: 'wrong' }))).toBe('password_wrong')
    expect(await codeOf(api.factors.turnOff({ password: 'wrong' }))).toBe('password_wrong')
    const fresh = await api.factors.renewCodes({ password: PASSWORD })
    const browser = await halfWay('ada')
    expect(await codeOf(browser.api.session.enterCode({ code: codes[0] ?? '' }))).toBe('code_wrong')
    await browser.api.session.enterCode({ code: fresh[0] ?? '' })
    await api.factors.turnOff({ password: PASSWORD })
    const without = aBrowser(world.services)
    expect(await without.api.session.signIn({ username: 'ada', password: PASSWORD })).toEqual({
      next: 'desk',
    })
  })

  test('help where the secret key changed, and the operator can take the factor off', async () => {
    const { codes, secret } = await withFactor('ada')
    const { compose } = await import('$lib/server/app')
    const other = compose(
      { ...world.config, secretKey: 'another key of some length' },
      {
        database: world.database,
        homeserver: world.homeserver,
        mailer: world.mailbox,
        clock: world.now,
        random: () => 0.5,
        log: world.services.log,
      },
    )
    const browser = aBrowser(other)
    await browser.api.session.signIn({ username: 'ada', password: PASSWORD })
    expect(await codeOf(browser.api.session.enterCode({ code: codeOfNow(secret) }))).toBe('factor_unreadable')
    await browser.api.session.enterCode({ code: codes[0] ?? '' })
    expect(await other.factors.reset('nobody')).toBe(false)
    expect(await other.factors.reset('Ada')).toBe(true)
    expect(await aBrowser(other).api.session.signIn({ username: 'ada', password: PASSWORD })).toEqual({
      next: 'desk',
    })
  })
})

describe('a second factor for all', () => {
  test('is an administrator’s to require, and whoever has none gets nowhere else', async () => {
    const bob = await aModerator(world.services, 'bob')
    expect(await codeOf(bob.api.factors.setRequired({ required: true }))).toBe('role_too_low')
    const ada = await aModerator(world.services, 'ada', 'administrator')
    await ada.api.factors.setRequired({ required: true })
    const browser = aBrowser(world.services)
    await browser.api.session.signIn({ username: 'bob', password: PASSWORD })
    const cookie = browser.jar.get(world.services.sessions.cookieName)
    const session = async () => (await world.services.sessions.check(cookie))?.moderator
    const signedIn = await session()
    expect(signedIn).toMatchObject({ username: 'bob', mustSetUp: true })
    if (signedIn === undefined) throw new Error('Nobody is signed in')
    const { api } = aBrowser(world.services, { moderator: signedIn })
    const refused: [string, () => Promise<unknown>][] = [
      ['queue', () => api.moderation.queue({ tab: 'all' })],
      [
        'decide',
        () => api.moderation.decide({ id: 'x', version: 1, decision: 'deny', message: '', silent: false }),
      ],
      ['talk', () => api.conversation.note({ id: 'x', text: 'x' })],
      ['rules', () => api.rules.end({ id: 'x' })],
      ['history', () => api.auditLog.people()],
      ['people', () => api.moderators.list()],
    ]
    for (const [name, attempt] of refused)
      expect([name, await codeOf(attempt())]).toEqual([name, 'second_factor_needed'])
    await api.factors.begin()
    const secret = (await api.factors.view()).setup?.secret ?? ''
    await api.factors.confirm({ code: codeOfNow(secret) })
    expect(await session()).toMatchObject({ mustSetUp: false })
  })
})
