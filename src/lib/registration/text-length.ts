/** What a text's length is, for every text that people write here: in the browser, in refusals and in limits. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ASCII = /^[\0-\x7F]*$/
/**
 * A character can hold any number of marks and joined pictures. Those that any writing needs are below 32 code points (UAX #15
 * 13.1 knows 30 marks as safe, a family with skin tones has 11): what holds more counts as several, so that a limit is one.
 */
const LARGEST = 32
/** What leaves no trace on a screen; all blanks, line ends included. */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]*$/u
const BLANK = /^[\s\p{Z}\x85\u2800\u3164\uFFA0]*$/u
const WIDE =
  /[\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}\p{Script_Extensions=Hangul}\p{Script_Extensions=Bopomofo}]/u

/** V8 looks through the whole text for each character of a long one, which takes seconds: so in pieces, in code units. */
const PIECE = 512
/** The first half of a pair, which would be a character of its own. */
const HALF = /[\uD800-\uDBFF]/

/** The characters as people see them (UAX #29), in their order; one that fills a piece comes in several. */
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
    // The last one may go on in the next piece, which begins with it.
    if (before !== null && (isLast || done === 0)) {
      yield before
      done = piece.length
    }
    start += done
  }
}

/** Counts characters as people see them: an emoji of a family or a letter with its accents is one. */
export function visibleLength(text: string): number {
  if (ASCII.test(text)) return text.length
  let length = 0
  for (const one of characters(text))
    length += one.length <= LARGEST ? 1 : Math.ceil([...one].length / LARGEST)
  return length
}

/**
 * How much a text says, for a minimum: what nobody sees counts for nothing, blanks between words for one, and a character of
 * Chinese, Japanese or Korean for two, as it says what two or more letters say elsewhere.
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

/** Whether nothing of a text can be seen. */
export const isBlank = (text: string): boolean => INVISIBLE.test(text)

/** A text of several lines in its stored form: line ends as `\n`, as browsers send two characters for each, no blanks around it. */
export const plainLines = (typed: string): string => typed.replace(/\r\n?/g, '\n').trim()

/** A text of one line in its stored form. */
export const oneLine = (typed: string): string => typed.replace(/[\s\x85]+/g, ' ').trim()
