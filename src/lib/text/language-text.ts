import { getLocale } from '$lib/paraglide/runtime'
import { sentenceListText } from './list-text'

/** A language in the language of the page. `code`: BCP 47. */
export const languageText = (code: string): string =>
  new Intl.DisplayNames([getLocale()], { type: 'language' }).of(code) ?? code

/** Several of them, as a list in a sentence. */
export const languagesText = (codes: readonly string[]): string => sentenceListText(codes.map(languageText))
