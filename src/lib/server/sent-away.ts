import { m } from '$lib/paraglide/messages'
import { extractLocaleFromRequest } from '$lib/paraglide/runtime'

/** When whoever is sent away may come again. */
const RETRY_AFTER_SECONDS = 5
const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The answer where too many come at once: 503 in words. It needs nothing of what the others wait for. */
export function sentAway({ request, url }: { request: Request; url: URL }): Response {
  const locale = extractLocaleFromRequest(request)
  const words = m.error_busy_words({}, { locale })
  const headers = { 'retry-after': String(RETRY_AFTER_SECONDS) }
  if (url.pathname.startsWith('/trpc')) {
    const error = { message: words, data: { code: 'TOO_BUSY', httpStatus: 503 } }
    return Response.json({ error }, { status: 503, headers })
  }
  const title = m.error_busy_title({}, { locale })
  // A form that was sent is sent once more from the page before, where everything typed still stands.
  const again = request.method === 'GET' ? `<p><a href="">${m.error_busy_again({}, { locale })}</a></p>` : ''
  const html = `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${title}</title><link rel="stylesheet" href="/error.css"></head>
<body><main><p>503</p><h1>${title}</h1><p>${words}</p>${again}</main></body>
</html>`
  return new Response(html, {
    status: 503,
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
  })
}
