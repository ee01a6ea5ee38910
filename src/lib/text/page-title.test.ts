import { afterEach, describe, expect, test } from 'vitest'
import { overwriteGetLocale } from '$lib/paraglide/runtime'
import { LANGUAGES } from '$lib/registration/language'
import { pageTitle, titleWithoutError } from './page-title'

afterEach(() => overwriteGetLocale(() => 'en'))

describe.each(LANGUAGES)('in %s', (language) => {
  test.each(['Choose your username', 'كلمة المرور والتعريف', 'Error: Fehler', ''])(
    'the title %j is itself again without its error',
    (title) => {
      overwriteGetLocale(() => language)
      for (const site of ['', ' · example.org', ' · \u2068حياة\u2069']) {
        const wrong = pageTitle(title, true) + site
        expect(wrong).not.toBe(title + site)
        expect(titleWithoutError(wrong)).toBe(title + site)
      }
    },
  )

  test('a title without an error stays', () => {
    overwriteGetLocale(() => language)
    expect(titleWithoutError(`${pageTitle('Your request', false)} · example.org`)).toBe(
      'Your request · example.org',
    )
  })
})
