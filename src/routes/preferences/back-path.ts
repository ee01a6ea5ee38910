import * as v from 'valibot'
import { encodedLength } from '$lib/server/http/encoded-length'

/** Longer than any page's: it goes into a header. */
const LONGEST = 3000

/** A path on this site, or `/`: nobody can be sent elsewhere, as with `//host` and `/\host`. */
export const backPathSchema = v.fallback(
  v.pipe(
    v.string(),
    v.regex(/^\/(?![/\\])[^\\\p{Cc}]*$/u),
    v.check((path) => encodedLength(path) <= LONGEST),
  ),
  '/',
)
