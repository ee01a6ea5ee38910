/**
 * What has no shape of its own: format characters (zero-width space, soft hyphen, marks of direction, BOM), what fonts
 * need not show (Unicode's `Default_Ignorable_Code_Point`), controls that are no white space, and the empty Braille
 * pattern.
 */
const INVISIBLE = /(?!\p{White_Space})[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]/u
const AT_ENDS = /[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]/u

/** More would tell nobody better where it is. */
const SHOWN = 20

/** A text without what nobody sees at its ends: white space of every kind, and characters without a shape. */
export const trimInvisible = (text: string): string => trimEnds(text, AT_ENDS)

/** The same, and without what `also` matches, one character at a time. */
export function trimEnds(text: string, also: RegExp): string {
  const characters = [...text]
  const isEnd = (character = '') => AT_ENDS.test(character) || also.test(character)
  let [start, end] = [0, characters.length]
  while (start < end && isEnd(characters[start])) start++
  while (end > start && isEnd(characters[end - 1])) end--
  return characters.slice(start, end).join('')
}

/**
 * What can be seen before the first character without a shape in a text, so that a person finds the place; null where
 * there is none.
 */
export function beforeInvisible(text: string): string | null {
  const found = INVISIBLE.exec(text)
  if (found === null) return null
  const before = [...text.slice(0, found.index)]
  return (before.length > SHOWN ? ['…', ...before.slice(-SHOWN)] : before).join('')
}

/** What a part of a URL stands for; one that is wrongly encoded (RFC 3986, 2.1) stands for itself. */
export function percentDecoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
