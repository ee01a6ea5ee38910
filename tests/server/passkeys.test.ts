import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moderatorTokens } from '$lib/server/database/schema'
import { anAuthenticator } from '../support/authenticator'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, type TestWorld } from '../support/world'

const PASSWORD = 'a moderators password'
const HERE = { origin: 'https://register.example.test', rpID: 'register.example.test' }
let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

type Person = Awaited<ReturnType<typeof aModerator>>

async function add({ api }: Person, key = anAuthenticator(HERE), name = 'my phone') {
  const { challenge } = await api.factors.startPasskey()
  const codes = await api.factors.addPasskey({ name, answer: key.make(challenge) })
  return { key, codes }
}

async function challenged() {
  const browser = aBrowser(world.services)
  const { challenge } = await browser.api.session.startPasskey()
  return { ...browser, challenge }
}
const whoIsIn = async ({ jar }: ReturnType<typeof aBrowser>) =>
  (await world.services.sessions.check(jar.get(world.services.sessions.cookieName)))?.moderator.username ??
  null

describe('a passkey', () => {
  test('signs in without a password, and stands in the list', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { key, codes } = await add(ada)
    expect(codes).toHaveLength(10)
    const browser = await challenged()
    await browser.api.session.enterPasskey({ answer: key.sign(browser.challenge) })
    expect(await whoIsIn(browser)).toBe('ada')
    expect(await ada.api.factors.passkeys()).toEqual([
      { id: key.id, name: 'my phone', createdAt: world.now(), lastUsedAt: world.now() },
    ])
  })

  test('is a second factor: the password alone lets nobody in, and recovery codes stand in for it', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { key, codes } = await add(ada)
    const browser = aBrowser(world.services)
    expect(await browser.api.session.signIn({ username: 'ada', password: PASSWORD })).toEqual({
      next: 'code',
    })
    expect(await codeOf(browser.api.session.enterCode({ code: '000000' }))).toBe('code_wrong')
    await browser.api.session.enterCode({ code: codes?.[0] ?? '' })
    expect(await whoIsIn(browser)).toBe('ada')

    const other = aBrowser(world.services)
    await other.api.session.signIn({ username: 'ada', password: PASSWORD })
    const { challenge } = await other.api.session.startPasskey()
    await other.api.session.enterPasskey({ answer: key.sign(challenge) })
    expect(await whoIsIn(other)).toBe('ada')
    expect(await other.api.session.isHalfWay()).toBe(false)
  })

  test('makes no second factor of an authenticator whose setup was begun and never confirmed', async () => {
    const ada = await aModerator(world.services, 'ada')
    await add(ada)
    await ada.api.factors.begin()
    const secret = (await ada.api.factors.view()).setup?.secret ?? ''
    const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: world.now() })
    const browser = aBrowser(world.services)
    await browser.api.session.signIn({ username: 'ada', password: PASSWORD })
    expect(await codeOf(browser.api.session.enterCode({ code: code() }))).toBe('code_wrong')
    expect(await whoIsIn(browser)).toBeNull()
    await ada.api.factors.confirm({ code: code() })
    world.pass(60_000)
    await browser.api.session.enterCode({ code: code() })
    expect(await whoIsIn(browser)).toBe('ada')
  })

  test('is enough where everybody needs a second factor, and people show it', async () => {
    const ada = await aModerator(world.services, 'ada', 'administrator')
    await ada.api.factors.setRequired({ required: true })
    const ben = await aModerator(world.services, 'ben')
    const browser = aBrowser(world.services)
    await browser.api.session.signIn({ username: 'ben', password: PASSWORD })
    const mustSetUp = async () =>
      (await world.services.sessions.check(browser.jar.get(world.services.sessions.cookieName)))?.moderator
        .mustSetUp
    expect(await mustSetUp()).toBe(true)
    await add(ben)
    expect(await mustSetUp()).toBe(false)
    await add(ada)
    const people = await world.services.moderatorAccounts.list()
    expect(people.map(({ username, secondFactor }) => [username, secondFactor])).toEqual([
      ['ada', true],
      ['ben', true],
    ])
  })

  test('goes with one’s password; recovery codes go with the last factor', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { key } = await add(ada)
    const second = await add(ada, anAuthenticator(HERE), 'laptop')
    expect(second.codes).toBeNull()
    const remove = (id: string, password = PASSWORD) => ada.api.factors.removePasskey({ id, password })
    expect(await codeOf(remove(key.id, 'not it'))).toBe('password_wrong')
    await remove(key.id)
    expect((await ada.api.factors.view()).codesLeft).toBe(10)
    await remove(second.key.id)
    expect((await ada.api.factors.view()).codesLeft).toBe(0)
    expect(await codeOf(remove(second.key.id))).toBe('not_found')
    const browser = aBrowser(world.services)
    expect(await browser.api.session.signIn({ username: 'ada', password: PASSWORD })).toEqual({
      next: 'desk',
    })
    const gone = await challenged()
    expect(await codeOf(gone.api.session.enterPasskey({ answer: key.sign(gone.challenge) }))).toBe(
      'passkey_unknown',
    )
  })

  test('of somebody else cannot be removed, and goes when the operator resets', async () => {
    const ada = await aModerator(world.services, 'ada')
    const ben = await aModerator(world.services, 'ben')
    const { key } = await add(ada)
    expect(await codeOf(ben.api.factors.removePasskey({ id: key.id, password: PASSWORD }))).toBe('not_found')
    expect(await ada.api.factors.passkeys()).toHaveLength(1)
    await world.services.factors.reset('ada')
    expect(await ada.api.factors.passkeys()).toEqual([])
  })

  test('has a name, and there are not endlessly many', async () => {
    const ada = await aModerator(world.services, 'ada')
    const named = async (name: string) => {
      const { challenge } = await ada.api.factors.startPasskey()
      return codeOf(ada.api.factors.addPasskey({ name, answer: anAuthenticator(HERE).make(challenge) }))
    }
    expect(await named('  ')).toBe('passkey_name')
    expect(await named('x'.repeat(61))).toBe('passkey_name')
    for (let made = 0; made < 20; made++) await add(ada)
    expect(await codeOf(ada.api.factors.startPasskey())).toBe('passkeys_too_many')
  })

  test('is not one too many where several are added at once', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { passkeys } = world.services
    for (let made = 0; made < 19; made++) await add(ada)
    const started = await Promise.all([1, 2, 3].map(() => passkeys.startAdding(ada.id)))
    const added = started.map((one) => {
      if (!one.ok) throw new Error(one.refusal.code)
      const answer = anAuthenticator(HERE).make(one.value.options.challenge)
      return passkeys.add(ada.id, one.value.ticket, { name: 'another', answer })
    })
    expect((await Promise.all(added)).map(({ ok }) => ok).sort()).toEqual([false, false, true])
    expect(await ada.api.factors.passkeys()).toHaveLength(20)
  })

  test('that was removed does not come back by the answer that made it', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { challenge } = await ada.api.factors.startPasskey()
    const ticket = ada.jar.get('passkey') ?? ''
    const key = anAuthenticator(HERE)
    const made = { name: 'my phone', answer: key.make(challenge) }
    await ada.api.factors.addPasskey(made)
    await ada.api.factors.removePasskey({ id: key.id, password: PASSWORD })
    ada.jar.set('passkey', ticket)
    expect(await codeOf(ada.api.factors.addPasskey(made))).toBe('passkey_refused')
    expect(await ada.api.factors.passkeys()).toEqual([])
  })
})

describe('nobody gets in by', () => {
  /** Tries an answer to a fresh challenge; says what came of it. */
  async function attempt(answer: (challenge: string) => string) {
    const browser = await challenged()
    const code = await codeOf(browser.api.session.enterPasskey({ answer: answer(browser.challenge) }))
    expect(await whoIsIn(browser)).toBeNull()
    return code
  }

  test('another challenge, another origin, another host, no verification, or a signature of somebody else', async () => {
    const { key } = await add(await aModerator(world.services, 'ada'))
    const { challenge: foreign } = await challenged()
    const thief = anAuthenticator(HERE)
    const elsewhere = anAuthenticator({ origin: HERE.origin, rpID: 'evil.test' })
    expect(await attempt(() => key.sign(foreign))).toBe('passkey_refused')
    expect(await attempt((challenge) => key.sign(challenge, { from: 'https://evil.test' }))).toBe(
      'passkey_refused',
    )
    expect(await attempt((challenge) => key.sign(challenge, { verified: false }))).toBe('passkey_refused')
    for (const other of [thief, elsewhere]) {
      const forged = (challenge: string) =>
        other.sign(challenge).replaceAll(`"${other.id}"`, JSON.stringify(key.id))
      expect(await attempt(forged)).toBe('passkey_refused')
      expect(await attempt((challenge) => other.sign(challenge))).toBe('passkey_unknown')
    }
    const browser = await challenged()
    await browser.api.session.enterPasskey({ answer: key.sign(browser.challenge) })
    expect(await whoIsIn(browser)).toBe('ada')
  })

  test('the same answer twice, in one browser or in another, and in two at once', async () => {
    const { key } = await add(await aModerator(world.services, 'ada'))
    const first = await challenged()
    const cookie = first.jar.get('passkey') ?? ''
    const answer = key.sign(first.challenge)
    await first.api.session.enterPasskey({ answer })
    const second = aBrowser(world.services)
    second.jar.set('passkey', cookie)
    expect(await codeOf(second.api.session.enterPasskey({ answer }))).toBe('passkey_refused')
    expect(await whoIsIn(second)).toBeNull()

    const { challenge, jar } = await challenged()
    const both = [aBrowser(world.services), aBrowser(world.services)]
    for (const browser of both) browser.jar.set('passkey', jar.get('passkey') ?? '')
    const once = key.sign(challenge)
    await Promise.allSettled(both.map(({ api }) => api.session.enterPasskey({ answer: once })))
    expect((await Promise.all(both.map(whoIsIn))).filter((name) => name !== null)).toEqual(['ada'])
  })

  test('the same answer twice, of a device that does not count', async () => {
    const { key } = await add(await aModerator(world.services, 'ada'))
    const { challenge, jar, api } = await challenged()
    const ticket = jar.get('passkey') ?? ''
    const answer = key.sign(challenge, { count: 0 })
    await api.session.enterPasskey({ answer })
    const second = aBrowser(world.services)
    second.jar.set('passkey', ticket)
    expect(await codeOf(second.api.session.enterPasskey({ answer }))).toBe('passkey_refused')
    expect(await whoIsIn(second)).toBeNull()
  })

  test('a copy of the device, at the same moment as the device', async () => {
    const { key } = await add(await aModerator(world.services, 'ada'))
    const both = [await challenged(), await challenged()]
    await Promise.allSettled(
      both.map(({ api, challenge }) =>
        api.session.enterPasskey({ answer: key.sign(challenge, { count: 9 }) }),
      ),
    )
    expect((await Promise.all(both.map(whoIsIn))).filter((name) => name !== null)).toEqual(['ada'])
  })

  test('a copy of the device: its counter stays behind', async () => {
    const { key } = await add(await aModerator(world.services, 'ada'))
    const browser = await challenged()
    await browser.api.session.enterPasskey({ answer: key.sign(browser.challenge, { count: 7 }) })
    expect(await attempt((challenge) => key.sign(challenge, { count: 7 }))).toBe('passkey_refused')
    expect(await attempt((challenge) => key.sign(challenge, { count: 3 }))).toBe('passkey_refused')
  })

  test('a challenge that was given long ago, or for a new passkey', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { key } = await add(ada)
    const browser = await challenged()
    world.pass(10 * 60_000)
    expect(await codeOf(browser.api.session.enterPasskey({ answer: key.sign(browser.challenge) }))).toBe(
      'passkey_refused',
    )
    const { challenge } = await ada.api.factors.startPasskey()
    const other = aBrowser(world.services)
    other.jar.set('passkey', ada.jar.get('passkey') ?? '')
    expect(await codeOf(other.api.session.enterPasskey({ answer: key.sign(challenge) }))).toBe(
      'passkey_refused',
    )
  })

  test('a passkey that somebody slipped into another account', async () => {
    const ada = await aModerator(world.services, 'ada')
    const ben = await aModerator(world.services, 'ben')
    const { challenge } = await ada.api.factors.startPasskey()
    ben.jar.set('passkey', ada.jar.get('passkey') ?? '')
    const key = anAuthenticator(HERE)
    expect(await codeOf(ben.api.factors.addPasskey({ name: 'x', answer: key.make(challenge) }))).toBe(
      'passkey_refused',
    )
    const { key: taken } = await add(ada)
    const again = await ben.api.factors.startPasskey()
    expect(await codeOf(ben.api.factors.addPasskey({ name: 'x', answer: taken.make(again.challenge) }))).toBe(
      'passkey_refused',
    )
    const own = await ben.api.factors.startPasskey()
    const unverified = key.make(own.challenge, { verified: false })
    expect(await codeOf(ben.api.factors.addPasskey({ name: 'x', answer: unverified }))).toBe(
      'passkey_refused',
    )
    expect(await ben.api.factors.passkeys()).toEqual([])
  })

  test('an answer that is wrong without its owner reading of it', async () => {
    const ada = await aModerator(world.services, 'ada')
    const { key } = await add(ada)
    const tries = async () => (await ada.api.auditLog.page({ what: 'sign_in_failed' })).events
    expect(await tries()).toEqual([])
    await attempt((challenge) => key.sign(challenge, { from: 'https://evil.test' }))
    expect(await tries()).toMatchObject([{ kind: 'sign_in_failed', moderator: 'ada' }])
  })

  test('a passkey of somebody who is disabled', async () => {
    await aModerator(world.services, 'ada')
    const ben = await aModerator(world.services, 'ben', 'moderator')
    const { key } = await add(ben)
    await world.services.moderators.disable('ben')
    expect(await attempt((challenge) => key.sign(challenge))).toBe('passkey_refused')
  })

  test('garbage', async () => {
    for (const answer of ['', '{', 'null', '[]', '{"id":"x"}', `{"id":"${'x'.repeat(19_000)}"}`])
      expect(await attempt(() => answer)).toBe('passkey_refused')
  })
})

test('a challenge that nobody signs is kept nowhere', async () => {
  const { key } = await add(await aModerator(world.services, 'ada'))
  const kept = () => world.database.read((reader) => reader.$count(moderatorTokens))
  const before = await kept()
  for (let asked = 0; asked < 20; asked++)
    await aBrowser(world.services, { clientAddress: `198.51.100.${asked}` }).api.session.startPasskey()
  expect(await kept()).toBe(before)
  const browser = await challenged()
  await browser.api.session.enterPasskey({ answer: key.sign(browser.challenge) })
  expect(await kept()).toBe(before + 1)
})

test('a challenge lasts no longer because a browser says so', async () => {
  const { key } = await add(await aModerator(world.services, 'ada'))
  const { jar, api, challenge } = await challenged()
  const [token = '', time = ''] = (jar.get('passkey') ?? '').split('.')
  const answer = key.sign(challenge)
  for (const ticket of [
    '',
    token,
    `${token}.`,
    `${token}.${Number(time) + 600_000}`,
    `${token}.x`,
    `${token}.1e99`,
  ]) {
    jar.set('passkey', ticket)
    expect(await codeOf(api.session.enterPasskey({ answer })), ticket).toBe('passkey_refused')
  }
  jar.set('passkey', `${token}.${time}`)
  await api.session.enterPasskey({ answer })
})

test('a network that asks for challenges without an end is told to wait', async () => {
  for (let asked = 0; asked < 60; asked++) await aBrowser(world.services).api.session.startPasskey()
  expect(await codeOf(aBrowser(world.services).api.session.startPasskey())).toBe('too_many_sign_ins')
})
