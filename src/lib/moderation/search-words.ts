import { parseEmail } from '../registration/email'
import { readMatrixId } from '../registration/matrix-id'
import { trimInvisible } from '../registration/typed-text'

/** A whole Matrix ID, or a link to one: of a bare word with a colon nobody knows what it is. */
const MATRIX_ID = /^[^\p{L}\p{N}]*(?:@[^:]+:|matrix:u)|#\//iu

/**
 * The words that a search is for. An address and a Matrix ID are looked for as they are kept, in whatever form they were
 * copied: `Anna <a@example.org>`, `https://matrix.to/#/@a:example.org`.
 */
export function searchWords(typed: string): string[] {
  const email = parseEmail(typed)
  if (email !== null) return [email]
  // A NUL would end the text before its quotation mark.
  return typed
    .split(/[\s\p{Cc}]+/u)
    .map((word) => (MATRIX_ID.test(word) ? readMatrixId(word).localpart : trimInvisible(word)))
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
}
