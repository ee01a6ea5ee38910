import { afterEach, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import { aBrowser, aWorld, DAY, HOUR, requested, tokenIn, type TestWorld } from '../support/world'

let world: TestWorld
afterEach(() => world.dispose())

test.each([1, 2, 30])(
  'a link to confirm works as long as pages say, with %i days of retention',
  async (started) => {
    world = await aWorld({ retention: { started, completed: 30, approved: 14, memory: 180 } })
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
})
