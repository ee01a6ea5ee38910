import { afterEach, describe, expect, test } from 'vitest'
import { renderMail } from '$lib/server/mail/render'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { aPolicy } from '../support/registration'
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
import { DAY, HOUR } from '$lib/registration/time'

const SITE = { name: 'Example', url: 'https://register.example.test', accent: '#138a5b', logoUrl: null }
let world: TestWorld
afterEach(() => world.dispose())

test.each([1, 2, 30])(
  'a link to confirm works as long as pages say, with %i days of retention',
  async (started) => {
    world = await aWorld({ retention: { ...aPolicy().retention, started } })
    const { api } = aBrowser(world.services)
    const { confirmHours } = await api.registration.links()
    expect(confirmHours).toBeLessThanOrEqual(started * 24)
    await api.registration.start({ username: 'river', email: 'river@mail.test' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    expect(world.mailbox.last('river@mail.test', 'verification')).toMatchObject({ hours: confirmHours })
    world.pass(confirmHours * HOUR - 1)
    expect(await api.verification.look({ token })).toMatchObject({ email: 'river@mail.test' })
    world.pass(1)
    expect(await codeOf(api.verification.look({ token }))).toBe('link_expired')
  },
)

test('a link to the status works as long as pages say, and so does the cookie', async () => {
  world = await aWorld()
  const applicant = await requested(world, 'river')
  const { statusDays } = await applicant.api.registration.links()
  const token = tokenIn(world.mailbox.last(applicant.email, 'requested').link)
  const elsewhere = aBrowser(world.services)
  world.pass(statusDays * DAY - 1000)
  expect(await elsewhere.api.registration.status({ token })).toMatchObject({ state: 'requested' })
  world.pass(1000)
  expect(await codeOf(elsewhere.api.registration.status({ token }))).toBe('link_expired')
  expect(await applicant.api.registration.current()).toBeNull()
  expect(await applicant.api.registration.isGone()).toBe(false)
})

describe('a browser whose request was deleted after its time', () => {
  const gone = async ({ api }: Pick<Awaited<ReturnType<typeof verified>>, 'api'>) => [
    await api.registration.current(),
    await api.registration.isGone(),
  ]

  test.each([
    ['unfinished', 2, verified],
    [
      'withdrawn',
      30,
      async (...args: Parameters<typeof requested>) => {
        const applicant = await requested(...args)
        await applicant.api.registration.withdraw({})
        return applicant
      },
    ],
    [
      'denied',
      30,
      async (...args: Parameters<typeof requested>) => {
        const applicant = await requested(...args)
        await decideOn(world, applicant.view.id, 'deny')
        return applicant
      },
    ],
  ])('knows that it is gone: %s', async (_, days, stand) => {
    world = await aWorld()
    const applicant = await stand(world, 'river')
    world.pass(days * DAY - 1000)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await gone(applicant)).toEqual([expect.objectContaining({ username: 'river' }), false])
    world.pass(1000)
    await world.services.scheduler.cleanUp({ dryRun: false })
    expect(await gone(applicant)).toEqual([null, true])
    expect(await codeOf(applicant.api.registration.request({ shown: 'x', ...form }))).toBe('no_registration')
  })

  test('is no browser that has none', async () => {
    world = await aWorld()
    const stranger = aBrowser(world.services)
    expect(await gone(stranger)).toEqual([null, false])
    stranger.jar.set('applicant', 'nonsense')
    expect(await gone(stranger)).toEqual([null, false])
  })
})

const form = { password: PASSWORD, reason: REASON, legal: true }

async function mailed(username: string, email = `${username}@mail.test`) {
  const browser = aBrowser(world.services)
  await browser.api.registration.start({ username, email })
  await world.drain()
  return { ...browser, email, token: tokenIn(world.mailbox.last(email, 'verification').link) }
}

test('a link to confirm lets its holder in until the request is in: twice, from another browser, without a new mail', async () => {
  world = await aWorld()
  const { api, token, email } = await mailed('river')
  const first = await api.verification.confirm({ token })
  for (const browser of [aBrowser(world.services), aBrowser(world.services), { api }]) {
    expect(await browser.api.verification.look({ token })).toMatchObject({ own: { state: 'verified' } })
    expect(await browser.api.verification.confirm({ token })).toMatchObject({ id: first.id })
    expect(await browser.api.registration.current()).toMatchObject({ id: first.id })
  }
  const moderator = await aModerator(world.services)
  const { events } = await moderator.api.moderation.registration({ id: first.id })
  expect(events.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
  expect(world.mailbox.kinds(email)).toEqual(['verification'])
  await api.registration.request(form)
  const stranger = aBrowser(world.services)
  expect(await codeOf(stranger.api.verification.confirm({ token }))).toBe('link_spent')
  expect(await codeOf(stranger.api.verification.look({ token }))).toBe('link_spent')
  expect(await stranger.api.registration.current()).toBeNull()
  expect(await api.verification.look({ token })).toMatchObject({ mine: true, own: { state: 'requested' } })
})

test('a link that confirmed runs out like any other, and the one in its place leads on', async () => {
  world = await aWorld()
  const { api, token, email } = await mailed('river')
  await api.verification.confirm({ token })
  world.pass(25 * HOUR)
  const elsewhere = aBrowser(world.services)
  expect(await codeOf(elsewhere.api.verification.confirm({ token }))).toBe('link_expired')
  expect(await codeOf(elsewhere.api.registration.request({ token, ...form }))).toBe('link_expired')
  expect(await api.verification.look({ token })).toMatchObject({ mine: true })
  expect(await elsewhere.api.verification.renew({ token })).toMatchObject({ email })
  await world.drain()
  const mail = world.mailbox.last(email, 'known_address')
  expect(renderMail(mail, 'en', SITE).text).not.toContain('entered it')
  const status = tokenIn(mail.link)
  await elsewhere.api.registration.resume({ token: status })
  expect(await elsewhere.api.registration.request(form)).toMatchObject({ state: 'requested' })
})

test('who was denied and asks for the link is not told that there is no request', async () => {
  world = await aWorld()
  const { view, email } = await requested(world, 'river')
  await decideOn(world, view.id, 'deny', { silent: true })
  await aBrowser(world.services).api.registration.sendLink({ email })
  await world.drain()
  const { subject, text } = renderMail(world.mailbox.last(email, 'unknown_address'), 'en', SITE)
  expect(`${subject} ${text}`).not.toMatch(/no request/i)
  expect(text).toContain('There is no open request with this address.')
  expect(text).toContain('may have been decided or withdrawn')
})

test('somebody else’s spent link says nothing of the registration in this browser', async () => {
  world = await aWorld()
  await requested(world, 'anna')
  const token = tokenIn(world.mailbox.last('anna@mail.test', 'verification').link)
  const bert = await verified(world, 'bert')
  expect(await codeOf(bert.api.verification.look({ token }))).toBe('link_spent')
  expect(await codeOf(bert.api.verification.confirm({ token }))).toBe('link_spent')
})

test('of two links with two names, each page confirms the name it shows and none silently the other', async () => {
  world = await aWorld()
  const { api, token: first } = await mailed('river', 'one@mail.test')
  const { token: second } = await mailed('stone', 'one@mail.test')
  const { shown } = await api.verification.look({ token: first })
  expect(await api.verification.confirm({ token: second })).toMatchObject({ username: 'stone' })
  const other = aBrowser(world.services)
  expect(await codeOf(other.api.verification.confirm({ token: first, shown }))).toBe('other_registration')
  const now = await other.api.verification.look({ token: first })
  expect(now).toMatchObject({ matrixId: '@stone:example.test', own: { username: 'stone' } })
  expect(await other.api.verification.confirm({ token: first, shown: now.shown })).toMatchObject({
    username: 'stone',
  })
})

test('without any cookie the holder of the link finishes, and is led to where it stands', async () => {
  world = await aWorld()
  const { token } = await mailed('river')
  const stranger = aBrowser(world.services)
  expect(await codeOf(stranger.api.registration.request({ token, ...form }))).toBe('wrong_state')
  await stranger.api.verification.confirm({ token })
  stranger.jar.clear()
  const sent = await stranger.api.registration.request({ token, ...form })
  expect(sent).toMatchObject({ username: 'river', state: 'requested', link: expect.any(String) as string })
  expect(await stranger.api.registration.status({ token: sent.link ?? '' })).toMatchObject({ id: sent.id })
  expect(stranger.jar.size).toBe(0)
  expect(await codeOf(stranger.api.registration.request({ token, ...form }))).toBe('link_spent')
  for (const call of [
    () => stranger.api.registration.withdraw({ token }),
    () => stranger.api.registration.answer({ token, text: 'Hello' }),
    () => stranger.api.registration.setPassword({ token, password: PASSWORD }),
  ])
    expect(await codeOf(call())).toBe('link_broken')
})

test('without any cookie the password after the approval is set by the link to the status', async () => {
  world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } })
  const applicant = await requested(world, 'river')
  const moderator = await aModerator(world.services)
  const { id, version } = await moderator.api.moderation.registration({ id: applicant.view.id })
  await moderator.api.moderation.decide({ id, version, decision: 'approve', message: '', silent: false })
  await world.drain()
  const token = tokenIn(world.mailbox.last(applicant.email, 'set_password').link)
  const stranger = aBrowser(world.services)
  expect(await stranger.api.registration.setPassword({ token, password: PASSWORD })).toMatchObject({ id })
  await world.drain()
  expect(await stranger.api.registration.status({ token })).toMatchObject({ state: 'completed' })
})
