import { parseEmail } from '../registration/email'
import { readMatrixId } from '../registration/matrix-id'
import { trimInvisible } from '../registration/typed-text'

/** A full Matrix ID, or a link to one: a bare word with a colon could be anything. */
const MATRIX_ID = /^[^\p{L}\p{N}]*(?:@[^:]+:|matrix:u)|#\//iu

/**
 * The words of a search. Email addresses and Matrix IDs are searched for as they are stored, however they were
 * copied: `Anna <a@example.org>`, `https://matrix.to/#/@a:example.org`.
 */
export function searchWords(typed: string): string[] {
  const email = parseEmail(typed)
  if (email !== null) return [email]
  // A NUL would end the text before its closing quote.
  return typed
    .split(/[\s\p{Cc}]+/u)
    .map((word) => (MATRIX_ID.test(word) ? readMatrixId(word).localpart : trimInvisible(word)))
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
}
