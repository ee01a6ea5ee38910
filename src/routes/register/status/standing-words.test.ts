import { expect, test } from 'vitest'
import type { OwnView } from '$lib/registration/views'
import { timeline } from './standing-words'

const APPROVED: OwnView = {
  id: 'a',
  shown: 'shown',
  state: 'approved',
  username: 'anna',
  matrixId: '@anna:example.test',
  holdsName: true,
  email: 'anna@mail.test',
  reason: 'I know two people on your server.',
  account: 'filled',
  opening: 'under_way',
  unfinished: [],
  startedAt: 1,
  stateSince: 2,
  message: null,
  awaitsPassword: false,
  talk: [],
  asked: false,
  firstSteps: null,
  mail: null,
  invitation: 'free',
}

test('the timeline calls an account open once it is', () => {
  const last = (own: Partial<OwnView>) => timeline({ ...APPROVED, ...own }).at(-1)
  expect(last({})).toEqual({ words: 'Opening your account', stage: 'now' })
  expect(last({ opening: 'delayed' })).toEqual({ words: 'Opening your account', stage: 'now' })
  expect(last({ opening: 'failed' })).toEqual({ words: 'Opening your account', stage: 'stuck' })
  expect(last({ awaitsPassword: true })).toEqual({ words: 'Your account is ready', stage: 'to_come' })
  expect(last({ state: 'completed' })).toEqual({ words: 'Your account is ready', stage: 'past', at: 2 })
})
