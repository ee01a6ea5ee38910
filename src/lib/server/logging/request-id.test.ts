import { expect, it } from 'vitest'
import { currentRequestId, requestIdOf, withRequestId } from './request-id'

it.each(['7f3a', 'a.b_c-D', 'x'.repeat(64)])('takes the id %j', (given) => {
  expect(requestIdOf(given)).toBe(given)
})

it.each([undefined, null, '', 'a b', 'a, b', 'a\nb', '{"a":1}', 'ü', 'x'.repeat(65), ['a']])(
  'makes a new id in place of %j',
  (given) => {
    expect(requestIdOf(given)).toMatch(/^[0-9a-f]{16}$/)
    expect(requestIdOf(given)).not.toBe(requestIdOf(given))
  },
)

it('keeps the id over what is waited for, each request its own', async () => {
  const seen = await Promise.all(
    ['one', 'two'].map((id) =>
      withRequestId(id, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return currentRequestId()
      }),
    ),
  )
  expect(seen).toEqual(['one', 'two'])
  expect(currentRequestId()).toBeUndefined()
})
