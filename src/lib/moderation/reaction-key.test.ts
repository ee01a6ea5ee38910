import { expect, test } from 'vitest'
import { reactionKey } from './reaction-key'

test.each([
  ['✅', '✅'],
  ['✅\uFE0F', '✅'],
  ['❤\uFE0E', '❤'],
  ['👍🏻', '👍'],
  ['👍🏿', '👍'],
  ['👎🏽\uFE0F', '👎'],
  [' ✅\n', '✅'],
  ['✅✅', '✅✅'],
  ['✅❌', '✅❌'],
  ['approve', 'approve'],
  ['\uFE0F', ''],
])('%j is compared as %j', (key, compared) => {
  expect(reactionKey(key)).toBe(compared)
})
