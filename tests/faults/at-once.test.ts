import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import {
  aBrowser,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  tokenIn,
  verified,
} from '../support/world'
import type { TestWorld } from '../support/world'

const form = { password: PASSWORD, reason: REASON, legal: true }
const times = (count: number) => Array.from({ length: count }, (_, index) => index)

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** Counts what comes to the homeserver. */
function watch(isCounted: (call: { method: string; path: string; body: string }) => boolean) {
  const seen = { count: 0 }
  world.standIn.faults = (call) => {
    if (isCounted(call)) seen.count++
    return undefined
  }
  return seen
}
const claims = () => watch(({ method, body }) => method === 'PUT' && body === '{}')

describe('fifty applicants on one name', () => {
  test('confirm at once: one holds it, and all others are told and pick another', async () => {
    const tokens = await Promise.all(
      times(50).map(async (index) => {
        const email = `a${index}@mail.test`
        await aBrowser(world.services).api.registration.start({ username: 'river', email })
        return email
      }),
    ).then(async (emails) => {
      await world.drain()
      return emails.map((email) => tokenIn(world.mailbox.last(email, 'verification').link))
    })
    const browsers = tokens.map(() => aBrowser(world.services))
    const views = await Promise.all(
      browsers.map(({ api }, index) => api.verification.confirm({ token: tokens[index] ?? '' })),
    )
    expect(views.filter(({ holdsName }) => holdsName)).toHaveLength(1)

    const seen = claims()
    const ends = await Promise.all(browsers.map(({ api }) => codeOf(api.registration.request(form))))
    expect(ends.filter((end) => end === 'done')).toHaveLength(1)
    expect(ends.filter((end) => end === 'username_lost')).toHaveLength(49)
    expect(seen.count).toBe(1)

    const others = browsers.filter((_, index) => ends[index] === 'username_lost')
    await Promise.all(
      others.map(({ api }, index) => api.registration.chooseUsername({ username: `river-${index}` })),
    )
    expect(await Promise.all(others.map(({ api }) => codeOf(api.registration.request(form))))).toEqual(
      others.map(() => 'done'),
    )
  })

  test('take the same other name at once: one gets it', async () => {
    const emails = times(20).map((index) => `b${index}@mail.test`)
    const browsers = emails.map(() => aBrowser(world.services))
    await Promise.all(
      browsers.map(({ api }, index) =>
        api.registration.start({ username: 'river', email: emails[index] ?? '' }),
      ),
    )
    await world.drain()
    for (const [index, email] of emails.entries())
      await browsers[index]?.api.verification.confirm({
        token: tokenIn(world.mailbox.last(email, 'verification').link),
      })
    const ends = await Promise.all(
      browsers.slice(1).map(({ api }) => codeOf(api.registration.chooseUsername({ username: 'stone' }))),
    )
    expect(ends.filter((end) => end === 'done')).toHaveLength(1)
    expect(ends.filter((end) => end === 'username_taken')).toHaveLength(18)
  })
})

test('twenty moderators on one request: one decision, one mail, and all others are told who was faster', async () => {
  const applicant = await requested(world, 'river')
  const moderators = await Promise.all(times(20).map((index) => aModerator(world.services, `mod${index}`)))
  const { version } = await (
    await aModerator(world.services)
  ).api.moderation.registration({
    id: applicant.view.id,
  })
  const ends = await Promise.all(
    moderators.map(({ api }, index) =>
      codeOf(
        api.moderation.decide({
          id: applicant.view.id,
          version,
          decision: index % 2 === 0 ? 'approve' : 'deny',
          message: '',
          silent: false,
        }),
      ),
    ),
  )
  expect(ends.filter((end) => end === 'done')).toHaveLength(1)
  expect(ends.filter((end) => end === 'already_decided')).toHaveLength(19)
  await world.drain()
  const winner = ends.indexOf('done')
  const { api } = await aModerator(world.services)
  const view = await api.moderation.registration({ id: applicant.view.id })
  expect(view.decidedBy).toBe(`mod${winner}`)
  expect(view.events.filter(({ kind }) => kind === 'approved' || kind === 'denied')).toHaveLength(1)
  const told = world.mailbox.kinds(applicant.email).filter((kind) => kind === 'approved' || kind === 'denied')
  expect(told).toEqual([winner % 2 === 0 ? 'approved' : 'denied'])
})

describe('the same form ten times', () => {
  test('with name and address: one registration, one mail', async () => {
    const { api } = aBrowser(world.services)
    const wish = { username: 'river', email: 'river@mail.test' }
    await Promise.all(times(10).map(() => api.registration.start(wish)))
    await world.drain()
    expect(world.mailbox.kinds('river@mail.test')).toEqual(['verification'])
    const moderator = await aModerator(world.services)
    expect((await moderator.api.moderation.queue({ tab: 'all' })).items).toHaveLength(1)
  })

  test('with the confirmation: it is confirmed once, and each press lets in', async () => {
    const { api } = aBrowser(world.services)
    await api.registration.start({ username: 'river', email: 'river@mail.test' })
    await world.drain()
    const token = tokenIn(world.mailbox.last('river@mail.test', 'verification').link)
    const ends = await Promise.all(times(10).map(() => codeOf(api.verification.confirm({ token }))))
    expect(ends).toEqual(times(10).map(() => 'done'))
    const moderator = await aModerator(world.services)
    const { items } = await moderator.api.moderation.queue({ tab: 'all' })
    const { events } = await moderator.api.moderation.registration({ id: items[0]?.id ?? '' })
    expect(events.filter(({ kind }) => kind === 'verified')).toHaveLength(1)
  })

  test('with the password: one account, each step once, and the same answer to all', async () => {
    const applicant = await verified(world, 'river')
    const seen = watch(({ method }) => method === 'PUT')
    const ends = await Promise.all(times(10).map(() => codeOf(applicant.api.registration.request(form))))
    expect(ends).toEqual(times(10).map(() => 'done'))
    expect(seen.count).toBe(3)
    await world.drain()
    expect(world.mailbox.kinds(applicant.email).filter((kind) => kind === 'requested')).toHaveLength(1)
  })

  test('in two processes on one database: one account, and nobody else’s is touched', async () => {
    const applicant = await verified(world, 'river')
    const other = aBrowser(world.another())
    for (const [name, value] of applicant.jar) other.jar.set(name, value)
    const ends = await Promise.all(
      [applicant, other].flatMap(({ api }) => times(5).map(() => codeOf(api.registration.request(form)))),
    )
    expect(ends).toEqual(times(10).map(() => 'done'))
    const { api } = await aModerator(world.services)
    expect(await api.moderation.doubts()).toEqual([])
  })

  test('in two processes, however the answers cross: no doubt is left, and the name is kept', async () => {
    for (const delays of [
      [0, 30],
      [30, 0],
      [60, 20],
    ]) {
      await world.dispose()
      let call = 0
      world = await aWorld({}, (homeserver) => ({
        ...homeserver,
        async claim(name) {
          const wait = delays[call++] ?? 0
          const answer = await homeserver.claim(name)
          await new Promise((resolve) => setTimeout(resolve, wait))
          return answer
        },
      }))
      const applicant = await verified(world, 'river')
      const other = aBrowser(world.another())
      for (const [name, value] of applicant.jar) other.jar.set(name, value)
      const ends = await Promise.all(
        [applicant, other].map(({ api }) => codeOf(api.registration.request(form))),
      )
      expect(ends).toEqual(['done', 'done'])
      expect(call).toBeGreaterThan(0)
      const { api } = await aModerator(world.services)
      expect(await api.moderation.doubts()).toEqual([])
    }
  })

  test('with a withdrawal: withdrawn once, and the account removed once', async () => {
    const applicant = await requested(world, 'river')
    const seen = watch(({ path }) => path.includes('/deactivate/'))
    await Promise.all(times(10).map(() => codeOf(applicant.api.registration.withdraw({}))))
    await world.drain()
    expect(await applicant.api.registration.current()).toMatchObject({ state: 'withdrawn' })
    expect(seen.count).toBe(1)
  })
})
