/**
 * What may not reach the site, whatever route it asks for. SvelteKit's own check covers form posts only: /trpc
 * would run a mutation for any page on the web (stack.md).
 */
export function refuseRequest(
  request: { method: string; url: URL; headers: Headers },
  siteUrl: string,
): { status: number; words: string } | null {
  const { method, url, headers } = request
  const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (!reads && !isOurs(headers, siteUrl))
    return {
      status: 403,
      words: 'This was sent from another site, so nothing was done. Open the page here and send it again.',
    }
  if (url.pathname !== '/trpc' && !url.pathname.startsWith('/trpc/'))
    return reads ? null : refuseForm(url, headers)
  if (method !== 'GET' && method !== 'POST')
    return { status: 405, words: 'Only GET and POST are answered here.' }
  if (!isOurs(headers, siteUrl)) return { status: 403, words: 'Other sites cannot ask here.' }
  if (method === 'POST' && mediaType(headers) !== 'application/json')
    return { status: 415, words: 'Send application/json.' }
  if (isBatch(url)) return { status: 400, words: 'One call a request.' }
  return null
}

/** Forms come as our pages send them. What SvelteKit could not read, or takes for a mistake of ours, it answers with 500. */
function refuseForm(url: URL, headers: Headers): { status: number; words: string } | null {
  if (mediaType(headers) !== 'application/x-www-form-urlencoded')
    return { status: 415, words: 'Send a form without files.' }
  return url.searchParams.has('/default') ? { status: 404, words: 'There is no such action.' } : null
}

/** What a browser says of where a request comes from must be us, where it says anything. */
function isOurs(headers: Headers, siteUrl: string): boolean {
  const origin = headers.get('origin')
  if (origin !== null && origin !== new URL(siteUrl).origin) return false
  const site = headers.get('sec-fetch-site')
  return site === null || site === 'same-origin' || site === 'none'
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** tRPC splits the decoded path at commas, so that one request can carry a thousand calls past a limit. */
function isBatch(url: URL): boolean {
  if (url.searchParams.has('batch')) return true
  return /,|%2c/i.test(url.pathname) || /%(?:25)+2c/i.test(url.pathname)
}

/** Whether that was thrown because whoever sent the request went away before all of it was here. */
export function hungUp(error: unknown): boolean {
  return (
    error instanceof Error && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET'
  )
}

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** For what is no page: opened by itself, it loads nothing and stands in no frame. */
export const NO_CONTENT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * On every answer. The referrer stays here: links hold tokens (`no-referrer` would make browsers send `Origin: null`).
 * Only this host is held to https (RFC 6797), not those below it, which are not ours to speak for.
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
