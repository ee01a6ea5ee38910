import { getLocale } from '$lib/paraglide/runtime'

/** Several texts, one after the other, with the comma of the language of the page between them. */
export const listText = (texts: readonly string[]): string =>
  new Intl.ListFormat([getLocale()], { type: 'unit', style: 'short' }).format(texts)

/** Several texts as a list in a sentence, with the language's word for “and” before the last. */
export const sentenceListText = (texts: readonly string[]): string =>
  new Intl.ListFormat([getLocale()], { type: 'conjunction' }).format(texts)
