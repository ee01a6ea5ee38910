import { render } from 'svelte/server'
import { describe, expect, test, vi } from 'vitest'
import Passkeys from './Passkeys.svelte'
import SecondFactor from './SecondFactor.svelte'

// The framework's own, which only a built page has.
vi.mock('$app/forms', () => ({ enhance: () => undefined }))
vi.mock('$lib/browser/refresh', () => ({ refresh: () => undefined }))
vi.mock('$app/state', () => ({ page: {} }))

const PROBLEM = 'That did not work.'
const timesShown = (html: string) => html.split(PROBLEM).length - 1

describe('a refusal is shown once', () => {
  const setup = { secret: 'ABCDEFGH', svg: '<svg></svg>' }
  test.each([
    ['of “Set up”', { since: null, setup: null }, null],
    ['of “Set up” where one is on by now', { since: 1, setup: null }, null],
    ['of a code', { since: null, setup }, 'code'],
    ['of a code where one is on by now', { since: 1, setup: null }, 'code'],
    ['of a password', { since: 1, setup: null }, 'password'],
    ['of a password where nothing is on any more', { since: null, setup: null }, 'password'],
  ] as const)('%s', (_, factor, at) => {
    const props = {
      factor: { ...factor, codesLeft: 0 },
      hasPasskeys: false,
      codes: null,
      problem: PROBLEM,
      at,
    }
    expect(timesShown(render(SecondFactor, { props }).body)).toBe(1)
  })

  test.each(['new', 'k-1', 'gone'])('at the passkey %s', (at) => {
    const passkeys = [{ id: 'k-1', name: 'phone', createdAt: 1, lastUsedAt: null }]
    const props = { passkeys, codes: null, problem: PROBLEM, at }
    expect(timesShown(render(Passkeys, { props }).body)).toBe(1)
  })
})
