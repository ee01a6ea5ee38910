import { getLocale } from '$lib/paraglide/runtime'

/** Several texts, one after the other, with the comma of the language of the page between them. */
export const listText = (texts: readonly string[]): string =>
  new Intl.ListFormat([getLocale()], { type: 'unit', style: 'short' }).format(texts)
