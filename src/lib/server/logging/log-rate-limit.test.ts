import { expect, test } from 'vitest'
import { createLogRateLimit, rateLimitedWarnings } from './log-rate-limit'

const MINUTE_MS = 60_000
let now = 0
const clock = () => now

test('a line is logged once a minute, with how many were suppressed since', () => {
  const untoldOf = createLogRateLimit({ clock })
  expect([untoldOf('a'), untoldOf('a'), untoldOf('a'), untoldOf('b')]).toEqual([0, null, null, 0])
  now += MINUTE_MS
  expect([untoldOf('a'), untoldOf('b')]).toEqual([2, 0])
})

test('a clock that goes back silences nothing for as long as it went back', () => {
  const untoldOf = createLogRateLimit({ clock })
  untoldOf('a')
  now -= 60 * MINUTE_MS
  expect([untoldOf('a'), untoldOf('a')]).toEqual([0, null])
})

test('warnings are told apart by reason and text', () => {
  const lines: unknown[] = []
  const log = rateLimitedWarnings<{ works: number; reason: string }>({
    log: { warn: (facts, words) => void lines.push({ ...facts, words }) },
    clock,
  })
  for (const works of [2, 3, 4]) log.warn({ works, reason: 'full' }, 'Not written')
  log.warn({ works: 5, reason: 'out' }, 'Not written')
  log.warn({ works: 6, reason: 'full' }, 'Unknown')
  now += MINUTE_MS
  log.warn({ works: 7, reason: 'full' }, 'Not written')
  expect(lines).toEqual([
    { works: 2, reason: 'full', words: 'Not written' },
    { works: 5, reason: 'out', words: 'Not written' },
    { works: 6, reason: 'full', words: 'Unknown' },
    { works: 7, reason: 'full', repeated: 2, words: 'Not written' },
  ])
})
