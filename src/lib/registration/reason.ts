import * as v from 'valibot'
import { accept, refuse, type Result } from './refusal'

export const REASON_MINIMUM = 30
export const REASON_MAXIMUM = 2000

/** Why somebody wants an account, in their own words: trimmed, line ends as `\n`. */
export type Reason = string & v.Brand<'Reason'>

/** For values that were parsed before: rows. */
export const reasonSchema = v.pipe(v.string(), v.brand('Reason'))

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Counts characters as people see them: an emoji or a letter with its accents is one. */
export function visibleLength(text: string): number {
  let length = 0
  for (const _ of graphemes.segment(text)) length++
  return length
}

/** Invisible characters (format, control, blanks) count for nothing towards the minimum, so that they cannot fill it. */
export const INVISIBLE = /[\p{Cf}\p{Cc}\p{Zs}\u115F\u1160\u3164\uFFA0\u2800]/gu

/** Answers the reason in its stored form, or what is wrong with its length. */
export function parseReason(typed: string): Result<Reason> {
  const text = typed.replace(/\r\n?/g, '\n').trim()
  // Ten bytes a character is more than any writing needs; beyond, counting would only cost time.
  const longest = text.length > REASON_MAXIMUM * 10
  const length = longest ? text.length : visibleLength(text)
  if (length > REASON_MAXIMUM) return refuse({ code: 'reason_too_long', maximum: REASON_MAXIMUM, length })
  if (length < REASON_MINIMUM) return refuse({ code: 'reason_too_short', minimum: REASON_MINIMUM, length })
  if (visibleLength(text.replace(INVISIBLE, '')) < REASON_MINIMUM / 2)
    return refuse({
      code: 'reason_too_short',
      minimum: REASON_MINIMUM,
      length: visibleLength(text.replace(INVISIBLE, '')),
    })
  return accept(v.parse(reasonSchema, text))
}
