import { isAllowedHost } from '$lib/network/hosts'
import { isFromHere } from './request-origin'

/** Why a request does not reach a page: it is refused here, or there are too many at once (`busy`). */
export const REFUSED_BECAUSE = [
  'unknown_host',
  'long_path',
  'other_site',
  'not_text',
  'no_action',
  'method',
  'not_json',
  'batch',
  'busy',
] as const
export type RefusedBecause = (typeof REFUSED_BECAUSE)[number]

/** What is refused on any route, and why. */
export interface Refused {
  status: 400 | 403 | 404 | 405 | 414 | 415
  why: Exclude<RefusedBecause, 'busy'>
}

/**
 * The longest path, as it is encoded, that a page or a link of ours can have, with a wide margin. Redirects lead on from
 * the path, and a response's headers must not grow with the request.
 */
const LONGEST_PATH = 1_000

/**
 * What may not reach the site on any route: unknown hosts, paths too long to be ours, and cross-site requests. This is
 * the only such check: SvelteKit's own covers form posts only, knows one origin, and is off (svelte.config.js).
 */
export function refuseRequest(
  { method, url, headers }: { method: string; url: URL; headers: Headers },
  site: { url: string; hosts: readonly string[] },
): Refused | null {
  if (!isAllowedHost(headers.get('host'), site.hosts)) return { status: 400, why: 'unknown_host' }
  if (url.pathname.length > LONGEST_PATH) return { status: 414, why: 'long_path' }
  const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  const called = url.pathname === '/trpc' || url.pathname.startsWith('/trpc/')
  if (!reads && !isFromHere(headers, site)) return { status: 403, why: 'other_site' }
  if (!called) return reads ? null : refuseForm(url, headers)
  if (method !== 'GET' && method !== 'POST') return { status: 405, why: 'method' }
  if (!isFromHere(headers, site)) return { status: 403, why: 'other_site' }
  if (method === 'POST' && mediaType(headers) !== 'application/json') return { status: 415, why: 'not_json' }
  return isBatch(url) ? { status: 400, why: 'batch' } : null
}

/** Forms come as our pages send them. SvelteKit would answer others with 500, as unreadable or as a bug of ours. */
function refuseForm(url: URL, headers: Headers): Refused | null {
  if (mediaType(headers) !== 'application/x-www-form-urlencoded') return { status: 415, why: 'not_text' }
  return url.searchParams.has('/default') ? { status: 404, why: 'no_action' } : null
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** tRPC splits the decoded path at commas, so that one request can smuggle a thousand calls past a rate limit. */
function isBatch(url: URL): boolean {
  if (url.searchParams.has('batch')) return true
  return /,|%2c/i.test(url.pathname) || /%(?:25)+2c/i.test(url.pathname)
}

/** Whether it was thrown because the client disconnected before sending everything. */
export function hungUp(error: unknown): boolean {
  return (
    error instanceof Error && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET'
  )
}

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** For responses that are no page: opened directly, they load nothing and cannot be framed. */
export const NO_CONTENT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * On every response. The referrer is not sent: links contain tokens (`no-referrer` would make browsers send `Origin:
 * null`). Only this host is bound to https (RFC 6797), not its subdomains, which are not ours to decide for.
 */
export const securityHeaders = (siteUrl: string): Record<string, string> => ({
  ...EVERYWHERE,
  ...(siteUrl.startsWith('https:') ? { 'strict-transport-security': `max-age=${YEAR_SECONDS}` } : {}),
})

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), browsing-topics=()',
}
