/** The longest path with its query that a request can make a response lead to, encoded: longer than any of our pages'. */
export const LONGEST_NEXT = 3000

/**
 * A path or query as a header can carry it (RFC 3986, 2.5): what is no visible ASCII is percent-encoded, and all else
 * stays as it is.
 */
export const asciiPath = (path: string): string =>
  path.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent)

/** The query of a page, for a redirect that passes it on; none if it is longer than any of our pages has. */
export const passedOn = ({ search }: URL): string => (search.length > LONGEST_NEXT ? '' : search)
