import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import Closed from './Closed.svelte'

const closed = { open: false, until: null, message: null } as const
const shown = (why: 'by_hand' | 'waiting' | 'per_day' | 'set_up') =>
  render(Closed, { props: { opening: { ...closed, why }, heading: 'h1' } }).body

test('who is on the way is told that they can finish, but not while no account can be created', () => {
  for (const why of ['by_hand', 'waiting', 'per_day'] as const)
    expect(shown(why)).toContain('you can still finish')
  expect(shown('set_up')).not.toContain('you can still finish')
  expect(shown('set_up')).toContain('as soon as this is fixed')
})
