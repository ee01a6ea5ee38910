import { render } from 'svelte/server'
import { expect, test, vi } from 'vitest'
import ErrorWords from './ErrorWords.svelte'

const asked = vi.hoisted(() => ({ page: { status: 0, data: {}, error: null } }))
// The framework's own, which only a built page has.
vi.mock('$app/state', () => asked)

test.each([
  [400, false],
  [401, false],
  [409, false],
  [414, false],
  [500, true],
  [502, true],
])('an error %i is said to be ours: %s', (status, isOurs) => {
  asked.page.status = status
  expect(render(ErrorWords).body.includes('our fault')).toBe(isOurs)
})
