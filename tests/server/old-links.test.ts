import { afterEach, beforeEach, expect, test } from 'vitest'
import { valuesOf } from '$lib/server/metrics/exposition'
import { codeOf } from '../support/code-of'
import { aBrowser, aForm, aWorld, requested, tokenIn, type TestWorld } from '../support/world'
import { GET } from '../../src/routes/verify-email/[token]/+server'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

/** Where an old address with this token leads. */
async function follow(token: string): Promise<unknown> {
  const { api } = aBrowser(world.services)
  const answer: Promise<never> = Reflect.apply(GET, undefined, [{ params: { token }, locals: { api } }])
  return answer.catch((redirect: unknown) => Reflect.get(Object(redirect), 'location'))
}

async function refusals(): Promise<number> {
  const found = await valuesOf([world.services.metrics.registry])
  const { values = [] } = found.find(({ name }) => name === 'registration_refusals_total') ?? {}
  return values.reduce((sum, { value }) => sum + value, 0)
}

test('an old link leads to what it is a link to, and counts as a refusal only if it is broken', async () => {
  const applicant = await requested(world, 'river')
  const status = tokenIn(world.mailbox.last(applicant.email, 'requested').link)
  const { api } = aBrowser(world.services)
  await api.registration.start({ username: 'ada', email: 'ada@mail.test', proof: await aForm(world) })
  await world.drain()
  const verification = tokenIn(world.mailbox.last('ada@mail.test', 'verification').link)

  expect(await follow(status)).toBe(`/register/status/${status}`)
  expect(await follow(verification)).toBe(`/register/verify/${verification}`)
  expect(await refusals()).toBe(0)

  for (const [broken, address] of [
    ['k'.repeat(42) + 'A', `/register/verify/${'k'.repeat(42)}A`],
    ['a/b', '/register/verify/a%2Fb'],
  ] as const) {
    const before = await refusals()
    expect(await follow(broken)).toBe(address)
    expect(await codeOf(api.verification.look({ token: broken }))).toBe('link_broken')
    expect(await refusals()).toBe(before + 1)
  }
})
