import { hostNameOf, isAllowedHost } from '$lib/network/hosts'

interface Site {
  /** `site.url`. */
  url: string
  /** The setting `hosts`. */
  hosts: readonly string[]
}

/**
 * Whether a request comes from this site according to the browser, if it says anything: Sec-Fetch-Site (Fetch
 * Metadata), Origin, and in its absence Referer, because text browsers send no Origin. Requests that say nothing
 * pass: then SameSite cookies are the only protection.
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
 * Whether a page of this origin is one of ours. That is `site.url`, and the host of the request, if `hosts` allows
 * it: a page of one of our hosts sends nothing to another, because `hosts` can allow names that belong to others.
 * Behind a proxy, the port and the scheme of the browser are unknown. A Host without a port leaves both open; one
 * with a port other than the page's, or with the page of `site.url` under another scheme, needs the browser's
 * confirmation (Sec-Fetch-Site) that page and request have the same origin. Cookies do not distinguish ports either
 * (RFC 6265, 8.5).
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
 * Whether cookies of this request are https only (`Secure`, `__Host-`). If `site.url` has https they are, unless the
 * browser came by plain http, where it would not keep them: the address of the referring page says so. On hosts other
 * than the site's, https is assumed if the browser sends Sec-Fetch-Site (to secure contexts only) or a proxy says so.
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

/** The origin of a web address; null if it is none. */
function originOf(address: string): string | null {
  const url = URL.canParse(address) ? new URL(address) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : null
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')

/** Hosts to which browsers send Sec-Fetch-Site without TLS, too (Secure Contexts, 3.1). */
const isLoopback = (name: string | null): boolean =>
  name !== null && (/^(?:.+\.)?localhost$|^127\./.test(name) || name === '::1')
