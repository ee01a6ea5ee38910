/**
 * The name of a cookie: with https, bound to this host by its name (`__Host-`, RFC 6265bis, 4.1.3.2), so that no
 * other host of the domain can plant one. Such a cookie needs `Path=/`.
 */
export const cookieName = (name: string, secure: boolean): string => (secure ? `__Host-${name}` : name)

/** The cookie with the input of the first registration steps. */
export const DRAFT_COOKIE = 'draft'
