import { afterEach, beforeEach, expect, test } from 'vitest'
import { aModerator, aWorld, DOMAIN, REASON, requested, type TestWorld } from '../support/world'

let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

test('a list and a page have what they show of a request, and no column beside it', async () => {
  const { view } = await requested(world, 'river')
  const { api } = await aModerator(world.services)
  const now = world.now()
  const both = {
    id: view.id,
    version: expect.any(Number),
    username: 'river',
    matrixId: `@river:${DOMAIN}`,
    email: 'river@mail.test',
    reason: REASON,
    language: 'en',
    clientAddress: '203.0.113.7',
    state: 'requested',
    startedAt: now,
    stateSince: now,
    exchange: 'none',
    category: null,
    decidedBy: null,
    trouble: false,
  }
  expect((await api.moderation.queue({ tab: 'waiting' })).items).toEqual([
    {
      ...both,
      claimedBy: null,
      held: false,
      heldFor: [],
      invitation: null,
      looking: [],
      shared: [],
      denied: 0,
    },
  ])
  expect(await api.moderation.registration({ id: view.id })).toEqual({
    ...both,
    holdsName: true,
    looking: [],
    account: 'filled',
    legalAcceptedAt: null,
    message: null,
    silent: false,
    undoUntil: null,
    actions: ['approve', 'deny'],
    unopened: null,
    undoable: false,
    passwordAfterApproval: false,
    openingFailed: false,
    probation: 'none',
    probationDays: null,
    probationEndable: false,
    probationFirst: false,
    probationUntil: null,
    events: expect.any(Array),
    jobs: expect.any(Array),
  })
})
