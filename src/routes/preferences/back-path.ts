import * as v from 'valibot'
import { encodedLength } from '$lib/server/http/encoded-length'
import { asciiPath, LONGEST_NEXT } from '$lib/server/http/redirect-path'

/** A path on this site, as a header can carry it, or `/`: nobody can be sent elsewhere, as with `//host` and `/\host`. */
export const backPathSchema = v.fallback(
  v.pipe(
    v.string(),
    v.regex(/^\/(?![/\\])[^\\\p{Cc}]*$/u),
    v.check((path) => encodedLength(path) <= LONGEST_NEXT),
    v.transform(asciiPath),
  ),
  '/',
)

/** The token of the email's link that a page is behind, if it is one. */
export const linkIn = (path: string): string | undefined =>
  /^\/register\/(?:status|verify)\/([\w-]+)(?:$|[?#])/.exec(path)?.[1]
