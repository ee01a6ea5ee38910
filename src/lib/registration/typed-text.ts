/**
 * Characters without a visible shape: format characters (zero-width space, soft hyphen, directional marks, BOM),
 * those that fonts may hide (Unicode's `Default_Ignorable_Code_Point`), control characters other than white space,
 * the empty Braille pattern, and halves of surrogate pairs, which are no characters.
 */
const INVISIBLE = /(?!\p{White_Space})[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\u2800]/u
const AT_ENDS = /[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\u2800]/u

/** A longer excerpt would not help to find it. */
const SHOWN = 20

/** Trims invisible characters: white space of every kind, and characters without a shape. */
export const trimInvisible = (text: string): string => trimEnds(text, AT_ENDS)

/** The same, and also what matches `also`, one character at a time. */
export function trimEnds(text: string, also: RegExp): string {
  const characters = [...text]
  const isEnd = (character = '') => AT_ENDS.test(character) || also.test(character)
  let [start, end] = [0, characters.length]
  while (start < end && isEnd(characters[start])) start++
  while (end > start && isEnd(characters[end - 1])) end--
  return characters.slice(start, end).join('')
}

/** The visible text before the first invisible character, so that the user finds the place; null if there is none. */
export function beforeInvisible(text: string): string | null {
  const found = INVISIBLE.exec(text)
  if (found === null) return null
  const before = [...text.slice(0, found.index)]
  return (before.length > SHOWN ? ['…', ...before.slice(-SHOWN)] : before).join('')
}

/** Decodes a part of a URL; invalid encoding (RFC 3986, 2.1) is returned unchanged. */
export function percentDecoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
