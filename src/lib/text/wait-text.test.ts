import { afterEach, expect, test } from 'vitest'
import { baseLocale, overwriteGetLocale } from '$lib/paraglide/runtime'
import { waitText } from './wait-text'

afterEach(() => overwriteGetLocale(() => baseLocale))

test.each([
  ['en', 1, '1 minute'],
  ['en', 119, '119 minutes'],
  ['en', 120, '2 hours'],
  ['en', 1381, '24 hours'],
  ['de', 1, '1 Minute'],
  ['de', 5, '5 Minuten'],
  ['de', 121, '3 Stunden'],
] as const)('in %s, %d minutes are said as %s', (locale, minutes, words) => {
  overwriteGetLocale(() => locale)
  expect(waitText(minutes)).toBe(words)
})
