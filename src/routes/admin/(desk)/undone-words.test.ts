import { expect, test } from 'vitest'
import { undo } from '$lib/registration/decide-verdict'
import type { Registration } from '$lib/registration/registration'
import { aPolicy, aRegistration, NOON } from '../../../../tests/support/registration'
import { undoneText } from './undone-words'

const before = { decidedBy: 'm0', message: null, silent: false, since: NOON - 1000 }
/** Decisions that rest, by what undoing them leads to. */
const RESTING: Record<string, Partial<Registration>> = {
  requested: { state: 'denied' },
  denied: { state: 'approved', denial: { ...before, category: null } },
  completed: { state: 'denied', account: 'open', approval: { ...before, probation: 'running', until: null } },
}

test.each(Object.entries(RESTING))('says what is undone is %s again', (state, change) => {
  const action = { type: 'undo', nameFree: true, told: false, since: NOON } as const
  const undone = undo(aRegistration({ decidedBy: 'm1', ...change }), action, aPolicy({ undoMs: 2 * 60_000 }))
  expect(undone).toMatchObject({ ok: true, next: { state } })
  const others = Object.keys(RESTING).filter((other) => other !== state)
  expect(undoneText(state)).toMatch(/^Undone\. /)
  expect(others.map(undoneText)).not.toContain(undoneText(state))
})

test.each([null, '', 'approved', 'constructor'])('says nothing of an address with %s', (state) => {
  expect(undoneText(state)).toBeNull()
})
