import { expect, test } from 'vitest'
import { momentText } from './moment'

const AT = Date.UTC(2026, 10, 28, 17, 5)
const at = (year: number, month: number, day: number) => Date.UTC(year, month, day, 23)

test.each([
  ['en', undefined, 'November 28, 2026 at 5:05 PM UTC'],
  ['en', at(2027, 0, 1), 'November 28, 2026 at 5:05 PM UTC'],
  ['en', at(2026, 11, 1), 'November 28 at 5:05 PM UTC'],
  ['en', at(2026, 10, 28), '5:05 PM UTC'],
  ['de', undefined, '28. November 2026 um 17:05 UTC'],
  ['de', at(2026, 11, 1), '28. November um 17:05 UTC'],
  ['de', at(2026, 10, 28), '17:05 UTC'],
] as const)('a moment in %s, as somebody who speaks it writes it (now: %s)', (language, now, text) => {
  expect(momentText(AT, language, 'UTC', now)).toBe(text)
})

test('in the reader’s own zone, no zone is named', () => {
  expect(momentText(AT, 'en', 'local')).not.toMatch(/UTC/)
})
