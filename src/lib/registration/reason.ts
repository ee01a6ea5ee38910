import * as v from 'valibot'
import { accept, refuse, type Result } from './refusal'
import { plainLines, substance, visibleLength } from './text-length'

/** Visible characters; a Chinese, Japanese or Korean one counts as two (`substance`). */
export const REASON_MINIMUM = 30
/** In characters as people see them. */
export const REASON_MAXIMUM = 2000

/** Why an applicant wants an account, in their own words: trimmed, line breaks as `\n`. */
export type Reason = string & v.Brand<'Reason'>

/** For values that were parsed before: rows. */
export const reasonSchema = v.pipe(v.string(), v.brand('Reason'))

/** Returns the reason in its stored form, or what is wrong with its length. */
export function parseReason(typed: string): Result<Reason> {
  const text = plainLines(typed)
  const length = visibleLength(text)
  if (length > REASON_MAXIMUM) return refuse({ code: 'reason_too_long', maximum: REASON_MAXIMUM, length })
  const said = substance(text)
  if (said < REASON_MINIMUM)
    return refuse({ code: 'reason_too_short', minimum: REASON_MINIMUM, length: said })
  return accept(v.parse(reasonSchema, text))
}
