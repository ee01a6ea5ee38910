import { hostNameOf, isAllowedHost } from '../net/hosts'

interface Site {
  /** `site.url`. */
  url: string
  /** The setting `hosts`. */
  hosts: readonly string[]
}

/**
 * Whether what a browser says of where a request comes from is us, where it says anything: Sec-Fetch-Site (Fetch Metadata),
 * Origin, and in its absence Referer, as text browsers send no Origin. What says nothing passes: then the cookies are
 * SameSite alone.
 */
export function isFromHere(headers: Headers, site: Site): boolean {
  const vouched = headers.get('sec-fetch-site')
  if (vouched !== null && vouched !== 'same-origin' && vouched !== 'none') return false
  const origin = headers.get('origin')
  if (origin !== null) return originOf(origin) === origin && isOwnOrigin(origin, headers, site)
  const referer = headers.get('referer')
  if (referer === null || referer === '') return true
  const from = originOf(referer)
  return from !== null && isOwnOrigin(from, headers, site)
}

/**
 * Whether a page of this origin is a page of ours. That is `site.url`, and the name under which the request asks for us, where
 * `hosts` allows it: a page of one of our names sends nothing to another, as `hosts` can allow names that others have.
 *
 * Behind a proxy nobody here knows the port and the scheme that people use. A Host without a port leaves both open; one with
 * another port than the page's, or with the page of `site.url` under another scheme, needs the browser's word (Sec-Fetch-Site)
 * that page and request are of one origin. Cookies do not tell ports apart either (RFC 6265, 8.5).
 */
function isOwnOrigin(origin: string, headers: Headers, { url, hosts }: Site): boolean {
  const site = new URL(url)
  if (origin === site.origin) return true
  const page = new URL(origin)
  if (!isAllowedHost(page.host, hosts)) return false
  if (headers.get('sec-fetch-site') === 'same-origin') return true
  const asked = headers.get('host') ?? ''
  if (hostNameOf(asked) !== hostNameOf(page.host)) return false
  const port = /:([0-9]+)$/.exec(asked)?.[1]
  if (port === undefined) return true
  // One port speaks one scheme.
  return port === portOf(page) && !(page.host === site.host && page.protocol !== site.protocol)
}

/**
 * Whether cookies of this request are for https alone (`Secure`, `__Host-`). Where `site.url` has https they are, unless the
 * browser came by plain http, where it would not keep them: it says so by the address of the page that it comes from. At
 * names other than the site's it has https when it sends Sec-Fetch-Site (to secure contexts alone) or a proxy says so.
 */
export function hasHttps(headers: Headers, siteUrl: string): boolean {
  const site = new URL(siteUrl)
  if (site.protocol === 'http:') return false
  if (headers.get('x-forwarded-proto') === 'https') return true
  const name = hostNameOf(headers.get('host') ?? '')
  if (headers.get('sec-fetch-site') !== null && !isLoopback(name)) return true
  const from = originOf(headers.get('origin') ?? headers.get('referer') ?? '')
  if (from !== null && hostNameOf(new URL(from).host) === name) return from.startsWith('https:')
  return name === hostNameOf(site.host)
}

/** The origin of an address of the web; null where it is none. */
function originOf(address: string): string | null {
  const url = URL.canParse(address) ? new URL(address) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : null
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')

/** Names to which browsers send Sec-Fetch-Site without TLS, too (Secure Contexts, 3.1). */
const isLoopback = (name: string | null): boolean =>
  name !== null && (/^(?:.+\.)?localhost$|^127\./.test(name) || name === '::1')
