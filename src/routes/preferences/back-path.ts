import * as v from 'valibot'

/** A path on this site, or `/`: nobody can be sent elsewhere, as with `//host` and `/\host`. */
export const backPathSchema = v.fallback(
  v.pipe(v.string(), v.maxLength(2000), v.regex(/^\/(?![/\\])[^\\\p{Cc}]*$/u)),
  '/',
)
