import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { DAY } from '$lib/registration/time'
import { renderMail } from '$lib/server/mail/render'
import { codeOf } from '../support/code-of'
import { decideOn, decideOnly } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

/**
 * An account that was made here and that somebody else has by now: nobody touches it, its applicant picks another name,
 * and a moderator sees it.
 */
let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const RIVER = '@river:example.test'
const THEIR_PASSWORD = 'the pass phrase of somebody else'
const SITE = { name: 'Example', url: 'https://register.example.test', accent: '#138a5b', logoUrl: null }
const form = { password: PASSWORD, reason: REASON, legal: true }

const account = (name = 'river') => world.homeserver.account(username(name))
const ledger = (name = 'river') => world.services.accountLedger.account(username(name))
const give = async (body: object) => expect(await asAdmin(world, 'PUT', RIVER, body)).toBe(200)

/** The newest email about an approval whose name was lost: it asks for another one, and not for a password. */
async function asksForAnotherName(email: string) {
  const mail = world.mailbox.last(email, 'set_password')
  const { subject, text } = renderMail(mail, 'en', SITE)
  expect(subject).toContain(`${RIVER} is no longer available`)
  expect(text).toContain('Choose another username')
  expect(text).toContain('a moderator checks the new one before you can continue')
  expect(`${subject} ${text}`).not.toMatch(/set (?:a|your) password|open your account|for you/i)
  return mail
}

async function live(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    world.pass(5_000)
    await world.drain()
  }
}

async function ask(
  method: string,
  path: string,
  token: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const answer = await fetch(world.standIn.url + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { ...((await answer.json()) as object) }
}

/** The account gets a person, who signs in. */
async function getsAPerson(): Promise<string> {
  await give({ password: THEIR_PASSWORD, locked: false })
  const identifier = { type: 'm.id.user', user: 'river' }
  const login = { type: 'm.login.password', identifier, password: THEIR_PASSWORD }
  const { access_token } = await ask('POST', '/_matrix/client/v3/login', '', login)
  await ask('GET', '/_matrix/client/v3/account/whoami', String(access_token))
  return String(access_token)
}

/** What an operator, single sign-on or the person does with an account that stands open. */
const HANDS: Record<string, () => Promise<unknown>> = {
  'a person who is signed in': getsAPerson,
  'a person who signed out again': async () =>
    ask('POST', '/_matrix/client/v3/logout', await getsAPerson(), {}),
  'single sign-on': () => give({ external_ids: [{ auth_provider: 'oidc', external_id: 'somebody' }] }),
  'an address': () => give({ threepids: [{ medium: 'email', address: 'somebody@else.test' }] }),
  'a telephone number': () => give({ threepids: [{ medium: 'msisdn', address: '4930123456' }] }),
  'a display name': () => give({ displayname: 'Somebody Else' }),
  'an avatar': () => give({ avatar_url: 'mxc://example.test/somebody' }),
  'the rights of an administrator': () => give({ admin: true }),
  'the mark of a program': () => give({ user_type: 'bot' }),
  'a deactivation': () => give({ deactivated: true }),
}
const hands = Object.keys(HANDS)
const record = async () => {
  // Trying the password is a device more.
  const { locked: _locked, devices: _devices, lastSeenAt: _seen, ...all } = { ...(await account()) }
  return { ...all, signsIn: await signInToMatrix(world, 'river', THEIR_PASSWORD) }
}

/** Brings an applicant to where the account is claimed, and every lock that is tried gets no answer. */
async function claimed() {
  const applicant = await verified(world, 'river')
  world.standIn.faults = ({ method, body }) =>
    method === 'PUT' && body.includes('"locked":true') ? 'cut' : undefined
  expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
  expect(await ledger()).toMatchObject({ state: 'claimed' })
  expect(await account()).toMatchObject({ locked: false })
  return applicant
}

/** A moderator sees it, with what tells of others; and nobody else is given the name. */
async function isInDoubt(...signs: string[]) {
  expect(await ledger()).toMatchObject({ state: 'doubtful', registrationId: null })
  const { api } = await aModerator(world.services)
  const doubts = await api.moderation.doubts()
  expect(doubts).toMatchObject([{ username: 'river' }])
  expect(doubts[0]?.signs).toEqual(expect.arrayContaining(signs))
  expect(await aBrowser(world.services).api.registration.checkUsername({ username: 'river' })).toMatchObject({
    refusal: { code: 'username_taken' },
  })
}

describe('claimed, and the lock got no answer', () => {
  test('it is locked soon after, also when its applicant never comes back', async () => {
    await claimed()
    world.standIn.faults = undefined
    await live(60_000)
    expect(await account()).toMatchObject({ locked: true })
    expect(await ledger()).toMatchObject({ state: 'locked' })
  })

  test('it is locked once an outage is over', async () => {
    await claimed()
    world.standIn.faults = () => 'cut'
    await live(60_000)
    expect(world.standIn.users.get(RIVER)).toMatchObject({ locked: false })
    world.standIn.faults = undefined
    await live(120_000)
    expect(await account()).toMatchObject({ locked: true })
  })

  test('its applicant goes on as if nothing had been, before and after that', async () => {
    for (const name of ['river', 'stone']) {
      const applicant = name === 'river' ? await claimed() : await verified(world, name)
      world.standIn.faults = undefined
      if (name === 'river') await live(60_000)
      await applicant.api.registration.request(form)
      await live(60_000)
      expect(await account(name)).toMatchObject({ locked: true })
      await decideOn(world, applicant.view.id, 'approve')
      expect(await signInToMatrix(world, name)).toBe('in')
    }
    const { api } = await aModerator(world.services)
    expect(await api.moderation.stuck()).toEqual([])
  })

  test.each(hands)('then %s: the next try of its applicant does not touch it', async (hand) => {
    const applicant = await claimed()
    await HANDS[hand]?.()
    const before = await record()
    world.standIn.faults = undefined
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    await live(60_000)
    expect(await record()).toEqual(before)
    expect(await account()).toMatchObject({ locked: false })
    await isInDoubt()

    const view = await applicant.api.registration.chooseUsername({ username: 'brook' })
    expect(view).toMatchObject({ state: 'verified', holdsName: true, reason: REASON })
    await applicant.api.registration.request(form)
    await decideOn(world, applicant.view.id, 'approve')
    expect(await signInToMatrix(world, 'brook')).toBe('in')
    expect(await record()).toEqual(before)
  })

  test.each(hands)('then %s: nothing that is done later touches it either', async (hand) => {
    const applicant = await claimed()
    await HANDS[hand]?.()
    const before = await record()
    world.standIn.faults = undefined
    await live(60_000)
    expect(await record()).toEqual(before)
    expect(await account()).toMatchObject({ locked: false })
    await isInDoubt()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'verified', holdsName: false })
  })

  // What is deactivated may be our own removal, whose answer got lost: it is as good as removed.
  test.each(hands.filter((hand) => hand !== 'a deactivation'))(
    'then %s: it is not removed with the request',
    async (hand) => {
      const applicant = await claimed()
      await HANDS[hand]?.()
      const before = await record()
      world.standIn.faults = undefined
      await applicant.api.registration.withdraw({})
      await live(60_000)
      expect(await record()).toEqual(before)
      await isInDoubt()
    },
  )

  test.each(hands)('then %s: reconcile says so', async (hand) => {
    await claimed()
    await HANDS[hand]?.()
    const before = await record()
    world.standIn.faults = undefined
    const { reconciliation } = world.services
    const [difference] = await reconciliation.list()
    expect(difference).toMatchObject({ username: 'river', code: 'in_hands' })
    if (difference !== undefined) expect(await reconciliation.mend(difference)).toBe(true)
    expect(await record()).toEqual(before)
    await isInDoubt()
    expect(await reconciliation.list()).toEqual([])
  })

  test('an account that is missing by then is made anew', async () => {
    const applicant = await claimed()
    world.standIn.faults = undefined
    world.standIn.users.delete(RIVER)
    await applicant.api.registration.request(form)
    await decideOn(world, applicant.view.id, 'approve')
    expect(await signInToMatrix(world, 'river')).toBe('in')
  })
})

describe('the answer to the claim got lost', () => {
  async function claiming() {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) => (method === 'PUT' && body === '{}' ? 'lost' : undefined)
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    expect(await ledger()).toMatchObject({ state: 'claiming' })
    return applicant
  }

  test('a moderator sees it soon, and it is not touched', async () => {
    const applicant = await claiming()
    await live(120_000)
    await isInDoubt()
    expect(await account()).toMatchObject({ locked: false })
    expect(await applicant.api.registration.current()).toMatchObject({ holdsName: false })
    // Whose it is, nobody knows.
    const told = [m.wizard_lost_words({ matrixId: RIVER }), m.refusal_username_lost(), m.event_name_lost()]
    expect(told.join(' ')).not.toMatch(/someone|somebody/i)
  })

  test('where it made nothing, nothing is left of it', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) => (method === 'PUT' && body === '{}' ? 'cut' : undefined)
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    await live(120_000)
    expect(await ledger()).toBeNull()
    await applicant.api.registration.request(form)
    expect(await account()).toMatchObject({ locked: true })
  })

  test('what a moderator adopts must not be in use', async () => {
    await claiming()
    await live(120_000)
    await getsAPerson()
    const before = await record()
    const { api } = await aModerator(world.services)
    const settle = (verdict: 'adopt' | 'leave') =>
      api.moderation.settleDoubt({ username: username('river'), verdict })
    expect(await codeOf(settle('adopt'))).toBe('account_used')
    expect(await record()).toEqual(before)
    await settle('leave')
    await live(60_000)
    expect(await record()).toEqual(before)
    expect(await ledger()).toBeNull()
  })
})

/** Approved and opened, and the answer to the opening got lost: it may be open, as far as is known. */
async function openedUnheard() {
  const applicant = await requested(world, 'river')
  world.standIn.faults = ({ method, body }) =>
    method === 'PUT' && body.includes('"locked":false') ? 'lost' : undefined
  await decideOn(world, applicant.view.id, 'approve')
  world.standIn.faults = undefined
  expect(await ledger()).toMatchObject({ state: 'filled', openedAt: expect.any(Number) as number })
  return applicant
}

describe('unlocked, and the answer got lost', () => {
  test('then an administrator, for a while: what a moderator adopts is removed, and its name is free', async () => {
    const applicant = await openedUnheard()
    await give({ admin: true })
    await decideOnly(world, applicant.view.id, 'deny')
    await live(60_000)
    await isInDoubt('administrator')
    await give({ admin: false })
    const { api } = await aModerator(world.services)
    await api.moderation.settleDoubt({ username: username('river'), verdict: 'adopt' })
    await live(120_000)
    expect(await ledger()).toMatchObject({ state: 'removed', openedAt: null })
    const next = await requested(world, 'river', 'next@mail.test')
    expect(next.view).toMatchObject({ state: 'requested', holdsName: true })
  })

  describe('then deactivated, so that it cannot be opened, and approved again', () => {
    async function approvedAgain() {
      const applicant = await openedUnheard()
      await give({ deactivated: true })
      await live(60_000)
      const { id } = applicant.view
      const { api } = await aModerator(world.services)
      expect(await api.moderation.registration({ id })).toMatchObject({ openingFailed: true })
      await decideOn(world, id, 'approve')
      return { ...applicant, id }
    }

    test('its applicant sets a password, and is in', async () => {
      const { api } = await approvedAgain()
      await api.registration.setPassword({ password: PASSWORD })
      await live(60_000)
      expect(await api.registration.current()).toMatchObject({ state: 'completed' })
      expect(await signInToMatrix(world, 'river')).toBe('in')
    })

    test('denied instead, it is removed, and its name is free', async () => {
      const { id } = await approvedAgain()
      await decideOn(world, id, 'deny')
      await live(120_000)
      expect(await ledger()).toMatchObject({ state: 'removed', openedAt: null })
      const next = await requested(world, 'river', 'next@mail.test')
      expect(next.view).toMatchObject({ state: 'requested', holdsName: true })
    })
  })
})

describe('locked here, and given to somebody there', () => {
  const GIVEN: Record<string, () => Promise<unknown>> = {
    ...HANDS,
    'nothing but its lock taken off': () => give({ locked: false }),
  }

  test.each(Object.keys(GIVEN))('before its password was set: %s', async (hand) => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"password"') ? 'cut' : undefined
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    await GIVEN[hand]?.()
    const before = await record()
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    expect(await record()).toEqual(before)
    await isInDoubt()
  })

  test.each(Object.keys(GIVEN).filter((hand) => hand !== 'a deactivation'))(
    'while a moderator reads the request: %s. An approval lets nobody in',
    async (hand) => {
      const applicant = await requested(world, 'river')
      await GIVEN[hand]?.()
      const before = await record()
      const view = await decideOn(world, applicant.view.id, 'approve')
      expect(view).toMatchObject({ state: 'approved', account: 'none', holdsName: false, trouble: false })
      expect(await record()).toEqual(before)
      expect((await account())?.addresses).not.toContain(applicant.email)
      await isInDoubt()
      expect(world.mailbox.kinds(applicant.email)).not.toContain('approved')

      // The applicant hears of it, picks another name, and a moderator looks at that.
      const { link } = await asksForAnotherName(applicant.email)
      const phone = aBrowser(world.services)
      await phone.api.registration.resume({ token: tokenIn(link) })
      expect(await phone.api.registration.chooseUsername({ username: 'brook' })).toMatchObject({
        state: 'requested',
        reason: REASON,
      })
      await decideOn(world, applicant.view.id, 'approve')
      await phone.api.registration.setPassword({ password: PASSWORD })
      await world.drain()
      expect(await signInToMatrix(world, 'brook')).toBe('in')
    },
  )

  test.each(Object.keys(GIVEN).filter((hand) => hand !== 'a deactivation'))(
    'while a moderator reads the request: %s. A denial removes nothing',
    async (hand) => {
      const applicant = await requested(world, 'river')
      await GIVEN[hand]?.()
      const before = await record()
      const view = await decideOn(world, applicant.view.id, 'deny')
      expect(view).toMatchObject({ state: 'denied', trouble: false })
      expect(await record()).toEqual(before)
      await isInDoubt()
    },
  )

  test('an answer to the unlocking that got lost is no sign of others, and the account is its applicant’s', async () => {
    const applicant = await requested(world, 'river')
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"locked":false') ? 'lost' : undefined
    await decideOnly(world, applicant.view.id, 'approve')
    await world.drain()
    world.standIn.faults = undefined
    expect(await signInToMatrix(world, 'river')).toBe('in')
    await live(120_000)
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'completed', account: 'open' })
    expect(await account()).toMatchObject({ addresses: [applicant.email] })
  })
})

describe('removed here, and given to somebody there', () => {
  test.each(hands.filter((hand) => hand !== 'a deactivation'))(
    '%s: the next applicant does not get it',
    async (hand) => {
      const applicant = await requested(world, 'river')
      await decideOn(world, applicant.view.id, 'deny')
      await give({ deactivated: false, password: THEIR_PASSWORD })
      await HANDS[hand]?.()
      const before = await record()
      const next = await verified(world, 'river', 'next@mail.test')
      expect(await codeOf(next.api.registration.request(form))).toBe('username_lost')
      expect(await record()).toEqual(before)
      await isInDoubt()
    },
  )

  test('what somebody used before it went is not given to the next', async () => {
    const applicant = await requested(world, 'river')
    await getsAPerson()
    await give({ deactivated: true })
    await decideOn(world, applicant.view.id, 'deny')
    await isInDoubt('used')
  })
})

describe('a name that nobody can have', () => {
  const inOtherCapitals = () => {
    const [any] = world.standIn.users.values()
    if (any !== undefined) world.standIn.users.set('@River:example.test', { ...any, localpart: 'River' })
  }
  const reserved = () => {
    world.standIn.faults = ({ method, path, body }) =>
      method === 'PUT' && path.endsWith(RIVER) && body === '{}'
        ? { status: 400, body: { errcode: 'M_EXCLUSIVE', error: 'Reserved by an application service.' } }
        : undefined
  }

  test.each([
    ['an old account has it in other capitals', inOtherCapitals],
    ['an application service keeps it', reserved],
  ])('as %s: another one is chosen, and all goes on', async (_, happens) => {
    const applicant = await verified(world, 'river')
    happens()
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    expect(await ledger()).toBeNull()
    expect(await applicant.api.registration.current()).toMatchObject({ holdsName: false })
    await applicant.api.registration.chooseUsername({ username: 'brook' })
    await applicant.api.registration.request(form)
    await decideOn(world, applicant.view.id, 'approve')
    expect(await signInToMatrix(world, 'brook')).toBe('in')
  })

  test('nor is it in doubt where the answer to the first claim got lost', async () => {
    const applicant = await verified(world, 'river')
    world.standIn.faults = ({ method, body }) => (method === 'PUT' && body === '{}' ? 'cut' : undefined)
    expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
    world.standIn.faults = undefined
    inOtherCapitals()
    expect(await codeOf(applicant.api.registration.request(form))).toBe('username_lost')
    expect(await ledger()).toBeNull()
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toEqual([])
  })

  test('nor with a password that comes after the approval', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...world.config.registration, password: 'after_approval' } })
    const applicant = await requested(world, 'river')
    await decideOn(world, applicant.view.id, 'approve')
    inOtherCapitals()
    const before = renderMail(world.mailbox.last(applicant.email, 'set_password'), 'en', SITE)
    expect(before.text).toContain('Set a password, and we create and open your account.')
    expect(await codeOf(applicant.api.registration.setPassword({ password: PASSWORD }))).toBe('username_lost')
    expect(await applicant.api.registration.current()).toMatchObject({ holdsName: false })

    world.pass(10 * DAY)
    await world.services.scheduler.remind()
    await world.drain()
    expect(await asksForAnotherName(applicant.email)).toMatchObject({ reminder: true })
  })
})

describe('the homeserver is asked about the list', () => {
  const MINUTE = 60_000
  /** A page of each of these moderators, loaded at once. */
  const pages = async (count = 1) => {
    const desks = await Promise.all(Array.from({ length: count }, () => aModerator(world.services)))
    return Promise.all(desks.map(({ api }) => api.moderation.doubts()))
  }
  const calls = () => asks.mock.calls.length
  let asks: { mock: { calls: unknown[] } }

  beforeEach(async () => {
    for (const name of ['river', 'brook'])
      for (const state of ['claiming', 'doubtful'] as const)
        await world.services.accountLedger.recordAccount(null, { localpart: username(name), state }, [])
    expect(await asAdmin(world, 'PUT', RIVER, {})).toBe(201)
    asks = vi.spyOn(world.homeserver, 'account')
  })
  afterEach(() => vi.restoreAllMocks())

  test('once for everybody in five minutes, and each says when', async () => {
    const asked = world.now()
    await pages(4)
    expect(calls()).toBe(2)
    world.pass(5 * MINUTE - 1)
    expect((await pages(3)).flat().map(({ checkedAt }) => checkedAt)).toEqual(Array(6).fill(asked))
    expect(calls()).toBe(2)
    world.pass(1)
    const [doubts] = await pages()
    expect(calls()).toBe(4)
    expect(doubts?.map(({ checkedAt }) => checkedAt)).toEqual([world.now(), world.now()])
  })

  test('again after 15 seconds where it did not answer', async () => {
    world.standIn.faults = () => 'cut'
    for (const seconds of [0, 14]) {
      world.pass(seconds * 1000)
      expect((await pages(2)).flat().map(({ reachable }) => reachable)).toEqual(Array(4).fill(false))
      expect(calls()).toBe(2)
    }
    world.standIn.faults = undefined
    world.pass(1000)
    expect(await pages()).toMatchObject([[{ reachable: true }, { reachable: true }]])
    expect(calls()).toBe(4)
  })

  test('when a moderator wants to know now', async () => {
    const { api } = await aModerator(world.services)
    const [before] = await pages()
    expect(before?.find((one) => one.username === 'river')?.signs).toEqual([])
    await getsAPerson()
    world.pass(MINUTE)
    await api.moderation.checkDoubts()
    expect(calls()).toBe(4)
    const [after] = await pages()
    expect(after?.find((one) => one.username === 'river')).toMatchObject({
      checkedAt: world.now(),
      signs: expect.arrayContaining(['used']) as unknown,
    })
    expect(calls()).toBe(4)
  })

  test('when a moderator wants to know now in another process', async () => {
    const other = await aModerator(world.another())
    await pages()
    await getsAPerson()
    world.pass(MINUTE)
    await other.api.moderation.checkDoubts()
    const [after] = await pages()
    expect(after?.find((one) => one.username === 'river')).toMatchObject({
      checkedAt: world.now(),
      signs: expect.arrayContaining(['used']) as unknown,
    })
    const before = calls()
    await pages()
    world.pass(-MINUTE / 2)
    await pages()
    expect(calls()).toBe(before)
  })

  test('and about what is settled, before anything is done', async () => {
    const { api } = await aModerator(world.services)
    await pages()
    await getsAPerson()
    const before = await record()
    const adopt = { username: username('river'), verdict: 'adopt' } as const
    expect(await codeOf(api.moderation.settleDoubt(adopt))).toBe('account_used')
    expect(await record()).toEqual(before)
    // What the refusal is about is in the list at once.
    const [doubts] = await pages()
    expect(doubts?.find((one) => one.username === 'river')?.signs).toEqual(expect.arrayContaining(['used']))
  })

  test('anew once it is in doubt another time', async () => {
    await pages()
    const { api } = await aModerator(world.services)
    await api.moderation.settleDoubt({ username: username('brook'), verdict: 'leave' })
    world.pass(MINUTE)
    const other = world.another().accountLedger
    await other.recordAccount(null, { localpart: username('river'), state: 'removed' }, [])
    await other.recordAccount(null, { localpart: username('river'), state: 'doubtful' }, [])
    const [doubts] = await pages()
    expect(doubts).toMatchObject([{ username: 'river', checkedAt: world.now() }])
    expect(calls()).toBe(3)
  })
})
