import { expect, it } from 'vitest'
import { filterInTurns } from './yield-to-event-loop'

it('lets others run while a long list is looked through, and finds what it finds without', async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index)
  let turns = 0
  const timer = setInterval(() => turns++)
  const found = await filterInTurns(numbers, (number) => {
    for (const end = performance.now() + 15; performance.now() < end;);
    return number % 3 === 0
  })
  clearInterval(timer)
  expect(found).toEqual([0, 3, 6, 9, 12, 15, 18])
  expect(turns).toBeGreaterThan(2)
})
