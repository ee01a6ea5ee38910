/** The length of every text that users write here: in the browser, in refusals and in limits. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ASCII = /^[\0-\x7F]*$/
/**
 * A character can contain any number of marks and joined emoji. Real writing needs fewer than 32 code points (UAX #15
 * 13.1 considers 30 marks safe, a family with skin tones has 11): longer ones count as several, so that limits hold.
 */
const LARGEST = 32
/** Invisible on a screen; all blanks, line breaks included. */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]*$/u
const BLANK = /^[\s\p{Z}\x85\u2800\u3164\uFFA0]*$/u
const WIDE =
  /[\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}\p{Script_Extensions=Hangul}\p{Script_Extensions=Bopomofo}]/u

/**
 * For each character of a long text, V8 scans all of it, which takes seconds: so it is split into pieces, in code
 * units.
 */
const PIECE = 512
/** The first half of a surrogate pair, which would become a character of its own. */
const HALF = /[\uD800-\uDBFF]/

/** Characters as people see them (UAX #29), in order; one that fills a piece is returned in parts. */
function* characters(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const isLast = start + PIECE >= text.length
    const end = start + PIECE - (HALF.test(text.charAt(start + PIECE - 1)) ? 1 : 0)
    const piece = text.slice(start, isLast ? text.length : end)
    let before: string | null = null
    let done = 0
    for (const { segment } of segmenter.segment(piece)) {
      if (before !== null) {
        yield before
        done += before.length
      }
      before = segment
    }
    // The last one may continue in the next piece, which starts with it.
    if (before !== null && (isLast || done === 0)) {
      yield before
      done = piece.length
    }
    start += done
  }
}

/** Counts characters as people see them: a family emoji or an accented letter is one. */
export function visibleLength(text: string): number {
  if (ASCII.test(text)) return text.length
  let length = 0
  for (const one of characters(text))
    length += one.length <= LARGEST ? 1 : Math.ceil([...one].length / LARGEST)
  return length
}

/**
 * The length of a text for a minimum: invisible characters count as nothing, blanks between words as one, and
 * Chinese, Japanese or Korean characters as two, because they say what two or more letters say elsewhere.
 */
export function substance(text: string): number {
  let sum = 0
  let gap = 0
  for (const one of characters(text)) {
    if (INVISIBLE.test(one)) {
      if (BLANK.test(one) && sum > 0) gap = 1
      continue
    }
    sum += gap + (WIDE.test(one) ? 2 : 1)
    gap = 0
  }
  return sum
}

/** Whether nothing of a text is visible. */
export const isBlank = (text: string): boolean => INVISIBLE.test(text)

/**
 * Control characters, at a NUL of which the database ends a text, and halves of surrogate pairs, which are no text at
 * all. White space is none of them.
 */
const UNSTORABLE = /(?![\s\x85])[\p{Cc}\p{Cs}]/gu

/**
 * A multi-line text in its stored form: line breaks as `\n`, because browsers send two characters for each, no control
 * characters but tabs, and no blanks around it.
 */
export const plainLines = (typed: string): string =>
  typed
    .replace(UNSTORABLE, '')
    .replace(/\r\n?|[\v\f\x85]/g, '\n')
    .trim()

/** A text of one line in its stored form. */
export const oneLine = (typed: string): string =>
  typed
    .replace(UNSTORABLE, '')
    .replace(/[\s\x85]+/g, ' ')
    .trim()
