import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HomeserverError } from '$lib/server/homeserver/homeserver'
import { createApi } from '$lib/server/trpc/router'
import { codeOf } from '../support/code-of'
import { decideOnly } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  tokenIn,
  verified,
  type TestWorld,
} from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const form = { password: PASSWORD, reason: REASON, legal: true }

/** The bare API with a browser's cookies: nothing says whom a page shows but the call itself. */
function bare(jar: Map<string, string>) {
  return createApi({
    services: world.services,
    clientAddress: '203.0.113.7',
    language: 'en',
    moderator: null,
    cookies: {
      get: (name) => jar.get(name),
      set: (name, value) => void jar.set(name, value),
      delete: (name) => void jar.delete(name),
    },
  }).registration
}

/** Anna's page is open, and the browser became Bert's meanwhile. */
async function bertInAnnasBrowser(stand: typeof verified = verified) {
  const anna = await stand(world, 'anna')
  const bert = await stand(world, 'bert')
  return { anna, bert, own: bare(bert.jar) }
}

describe('an applicant’s call for another registration than the browser holds', () => {
  test.each([
    ['request', (own: ReturnType<typeof bare>, shown?: string) => own.request({ shown, ...form })],
    ['chooseUsername', (own, shown) => own.chooseUsername({ shown, username: 'other' })],
    ['withdraw', (own, shown) => own.withdraw({ shown })],
    ['setPassword', (own, shown) => own.setPassword({ shown, password: PASSWORD })],
    ['answer', (own, shown) => own.answer({ shown, text: 'Because.' })],
    ['speak', (own, shown) => own.speak({ shown, language: 'de' })],
  ] satisfies [string, (own: ReturnType<typeof bare>, shown?: string) => Promise<unknown>][])(
    '%s is refused, and so is one that does not say whose it is',
    async (_, call) => {
      const { anna, bert, own } = await bertInAnnasBrowser()
      const before = await world.services.registrar.find(bert.view.id)
      for (const shown of [anna.view.shown, undefined, '', 'nonsense', `${bert.view.id}:anna`, bert.view.id])
        expect([shown, await codeOf(call(own, shown))]).toEqual([shown, 'other_registration'])
      expect(await world.services.registrar.find(bert.view.id)).toEqual(before)
    },
  )

  test('says who each is, by name alone', async () => {
    const { anna, own } = await bertInAnnasBrowser(requested)
    const refused = await own.withdraw({ shown: anna.view.shown }).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      cause: { refusal: { code: 'other_registration', shown: 'anna', now: 'bert' } },
    })
    const forged = await own.withdraw({ shown: `x:<b>${'y'.repeat(50)}` }).catch((error: unknown) => error)
    expect(forged).toMatchObject({ cause: { refusal: { shown: null, now: 'bert' } } })
  })

  test('both go on: the one by the cookie, the other by the link', async () => {
    const { anna, bert, own } = await bertInAnnasBrowser()
    expect(await own.request({ shown: bert.view.shown, ...form })).toMatchObject({ username: 'bert' })
    const token = tokenIn(world.mailbox.last(anna.email, 'verification').link)
    const again = aBrowser(world.services)
    expect(await again.api.verification.confirm({ token })).toMatchObject({ username: 'anna' })
    expect(await again.api.registration.request(form)).toMatchObject({ username: 'anna', state: 'requested' })
  })
})

test('a page that showed the name of before acts for no other name', async () => {
  const rival = await verified(world, 'wanted')
  const browser = aBrowser(world.services)
  await world.services.registrar.act(rival.view.id, { type: 'lose_name' }, { kind: 'system' })
  await rival.api.registration.chooseUsername({ username: 'second' })
  const own = bare(rival.jar)
  expect(await codeOf(own.request({ shown: rival.view.shown, ...form }))).toBe('other_registration')
  expect(await browser.api.registration.current()).toBeNull()
})

describe('one’s own name', () => {
  test('is neither free nor taken at the first step and at the second', async () => {
    const anna = await verified(world, 'anna')
    for (const username of ['anna', ' @Anna ', '@anna:example.test'])
      expect(await anna.api.registration.checkUsername({ username })).toMatchObject({
        ok: false,
        refusal: { code: 'username_own' },
      })
    const again = anna.api.registration.start({ username: 'anna', email: 'other@mail.test' })
    expect(await codeOf(again)).toBe('username_own')
    expect(await aBrowser(world.services).api.registration.checkUsername({ username: 'anna' })).toMatchObject(
      { ok: false, refusal: { code: 'username_taken' } },
    )
    expect(await anna.api.registration.checkUsername({ username: 'bert' })).toMatchObject({ ok: true })
  })

  test('is free again once it was taken back', async () => {
    const anna = await verified(world, 'anna')
    await anna.api.registration.withdraw({})
    expect(await anna.api.registration.checkUsername({ username: 'anna' })).toMatchObject({ ok: true })
  })

  /** What both steps of a new request say about a username: the first, and the second. */
  async function bothSteps({ api }: { api: Awaited<ReturnType<typeof verified>>['api'] }, username: string) {
    const found = await api.registration.checkUsername({ username })
    const email = `${username}-again@mail.test`
    return [found.ok ? 'done' : found.refusal.code, await codeOf(api.registration.start({ username, email }))]
  }

  test.each([
    ['withdrawn', (anna: Awaited<ReturnType<typeof requested>>) => anna.api.registration.withdraw({})],
    ['denied', (anna: Awaited<ReturnType<typeof requested>>) => decideOnly(world, anna.view.id, 'deny')],
  ])(
    'is the same at both steps of a new request, before its account is removed and after: %s',
    async (_, end) => {
      const anna = await requested(world, 'anna')
      await end(anna)
      expect(await bothSteps(anna, 'anna')).toEqual(['username_taken', 'username_taken'])
      await world.drain()
      expect(await bothSteps(anna, 'anna')).toEqual(['done', 'done'])
    },
  )

  test('can be chosen again where it was lost, also if its account was begun', async () => {
    const anna = await verified(world, 'anna')
    const weak = vi
      .spyOn(world.homeserver, 'fill')
      .mockRejectedValue(new HomeserverError('weak_password', 'Too weak', { permanent: true }))
    expect(await codeOf(anna.api.registration.request(form))).toBe('password_weak')
    weak.mockRestore()
    await world.services.registrar.act(anna.view.id, { type: 'lose_name' }, { kind: 'system' })
    expect(await anna.api.registration.checkUsername({ username: 'anna' })).toMatchObject({ ok: true })
    expect(await anna.api.registration.chooseUsername({ username: 'anna' })).toMatchObject({
      holdsName: true,
    })
  })

  test('is no way past a registration that is closed, once the request is over', async () => {
    const anna = await verified(world, 'anna')
    await anna.api.registration.withdraw({})
    const { api } = await aModerator(world.services, 'ada', 'administrator')
    await api.intake.close({ message: { en: '', de: '' }, until: '' })
    expect(await anna.api.registration.checkUsername({ username: 'anna' })).toMatchObject({
      refusal: { code: 'registration_closed' },
    })
  })
})

test('what a moderator may see of a registration opens nothing of it', async () => {
  const anna = await verified(world, 'anna')
  const moderator = await aModerator(world.services)
  const seen = await moderator.api.moderation.registration({ id: anna.view.id })
  const stranger = bare(new Map())
  const shown = `${seen.id}:${seen.username}`
  expect(await codeOf(stranger.withdraw({ shown }))).toBe('no_registration')
})

describe('a press whose answer got lost, and that is made again', () => {
  const decide = async (id: string, decision: 'approve' | 'deny') => {
    const { api } = await aModerator(world.services)
    const { version } = await api.moderation.registration({ id })
    await api.moderation.decide({ id, version, decision, message: '', silent: false })
  }

  test('sets the password that is set already, before the account is open and after', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } })
    const { api, view } = await requested(world, 'river')
    const set = () => api.registration.setPassword({ password: PASSWORD })
    expect(await codeOf(set())).toBe('wrong_state')
    await decide(view.id, 'approve')
    expect(await set()).toMatchObject({ state: 'approved', account: 'filled', repeated: false })
    // Another one may be typed by now: it is told that the first counts.
    expect(await set()).toMatchObject({ state: 'approved', account: 'filled', repeated: true })
    await world.drain()
    expect(await set()).toMatchObject({ state: 'completed', repeated: true })
  })

  test('sets no password where a moderator denied meanwhile', async () => {
    await world.dispose()
    world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } })
    const { api, view } = await requested(world, 'river')
    await decide(view.id, 'approve')
    await decide(view.id, 'deny')
    expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('wrong_state')
  })

  test('withdraws what is withdrawn already, and nothing that was denied', async () => {
    const { api } = await requested(world, 'river')
    expect(await api.registration.withdraw({})).toMatchObject({ state: 'withdrawn' })
    expect(await api.registration.withdraw({})).toMatchObject({ state: 'withdrawn' })
    const other = await requested(world, 'brook')
    await decide(other.view.id, 'deny')
    expect(await codeOf(other.api.registration.withdraw({}))).toBe('wrong_state')
  })

  test('takes the username that is taken already, as its page shows the one of before', async () => {
    const { api, view, jar } = await verified(world, 'river')
    await world.services.registrar.act(view.id, { type: 'lose_name' }, { kind: 'system' })
    const take = (username: string, shown = view.shown) => bare(jar).chooseUsername({ shown, username })
    expect(await take('brook')).toMatchObject({ username: 'brook', holdsName: true })
    expect(await take(' @Brook ')).toMatchObject({ username: 'brook', holdsName: true })
    expect(await codeOf(take('creek'))).toBe('other_registration')
    expect(await codeOf(take('brook', 'another:river'))).toBe('other_registration')
    expect(await codeOf(api.registration.chooseUsername({ username: 'creek' }))).toBe('wrong_state')
  })
})
