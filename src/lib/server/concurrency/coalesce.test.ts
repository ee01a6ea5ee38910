import { expect, test } from 'vitest'
import { createKept } from './coalesce'

const HOUR = 60 * 60_000

test.each([
  ['ahead', HOUR],
  ['back', -HOUR],
])(
  'an answer and a failure are kept for their time, and no longer once the clock went %s',
  async (_, jump) => {
    let now = 10 * HOUR
    let answers = 0
    let isOut = true
    const kept = createKept({
      ask: () => (isOut ? Promise.reject(new Error(`out ${++answers}`)) : Promise.resolve(++answers)),
      clock: () => now,
      goodForMs: 1_000,
      failedForMs: 500,
    })
    await expect(kept()).rejects.toThrow('out 1')
    now += 499
    await expect(kept()).rejects.toThrow('out 1')
    now += jump
    await expect(kept()).rejects.toThrow('out 2')
    isOut = false
    now += jump
    expect(await kept()).toBe(3)
    now += 999
    expect(await kept()).toBe(3)
    now += jump
    expect(await kept()).toBe(4)
  },
)
