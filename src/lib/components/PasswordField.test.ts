import { render } from 'svelte/server'
import { afterEach, expect, test } from 'vitest'
import { baseLocale, overwriteGetLocale } from '$lib/paraglide/runtime'
import type { PasswordNeed } from '$lib/registration/refusal'
import PasswordField from './PasswordField.svelte'

afterEach(() => overwriteGetLocale(() => baseLocale))

test.each<['en' | 'de', PasswordNeed[], string]>([
  ['en', ['digit'], 'It needs a number.'],
  ['en', ['digit', 'symbol'], 'It needs a number and a symbol.'],
  ['en', ['digit', 'symbol', 'lowercase'], 'It needs a number, a symbol, and a lowercase letter.'],
  ['de', ['digit', 'symbol'], 'Es braucht eine Ziffer und ein Sonderzeichen.'],
])('in %s, what a password needs is said in a sentence: %s', (locale, needs, words) => {
  overwriteGetLocale(() => locale)
  const rules = { minimum: 8, needs, judged: false }
  expect(render(PasswordField, { props: { rules, username: 'river', known: [] } }).body).toContain(words)
})
