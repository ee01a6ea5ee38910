import { parseEmail } from '../registration/email'
import { readMatrixId } from '../registration/matrix-id'
import { trimInvisible } from '../registration/typed-text'

/** A full Matrix ID, or a link to one: a bare word with a colon could be anything. */
const MATRIX_ID = /^[^\p{L}\p{N}]*(?:@[^:]+:|matrix:u)|#\//iu
const WORD = /[\p{L}\p{N}]/u
/** Pictures, as they are composed: with skin tones, joiners and variants. */
const PICTURES = /\p{So}(?:[\p{So}\p{Sk}\u200d]|\ufe0f(?=\u200d))*/gu

/** What a search looks for; one that is not empty has at least one of either. */
export interface SearchTerms {
  words: string[]
  /** Without letters and numbers, so that no index of words has them: emoji, and punctuation where there is no word. */
  signs: string[]
}

/**
 * The words and signs of a search. Email addresses and Matrix IDs are searched for as they are stored, however they
 * were copied: `Anna <a@example.org>`, `https://matrix.to/#/@a:example.org`.
 */
export function searchTerms(typed: string): SearchTerms {
  const email = parseEmail(typed)
  if (email !== null) return { words: [email], signs: [] }
  // A NUL would end the text before its closing quote.
  const terms = typed
    .split(/[\s\p{Cc}]+/u)
    .map((term) => (MATRIX_ID.test(term) ? readMatrixId(term).localpart : '') || trimInvisible(term))
    .filter((term) => term !== '')
  const words = terms.filter((term) => WORD.test(term))
  return { words, signs: words.length === 0 ? terms : terms.flatMap((term) => term.match(PICTURES) ?? []) }
}
