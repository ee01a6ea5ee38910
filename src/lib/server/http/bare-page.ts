import { extractLocaleFromRequest } from '$lib/paraglide/runtime'
import { directionOf, type Language } from '$lib/registration/language'

const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** What a response says in place of a page; texts and addresses are plain text. */
export interface BarePage {
  status: number
  title: string
  words: string
  /** The link to continue; null for none. An empty `href` is this page again. */
  link: { href: string; text: string } | null
  /** What an API call gets in place of the page. */
  code: string
}

/** How the site's pages look to this reader, as far as known. */
export interface Look {
  /** The site's name. */
  site?: string
  /** The operator's colors as a style element, which the response's Content-Security-Policy must allow. */
  accent?: string
  /** The value of the cookie with that name. */
  theme?: string | undefined
}

/**
 * A response in the reader's language without any of the page rendering: a page styled like the others, or what a
 * page's scripts understand. Clients that accept no HTML get plain text.
 */
export function bareAnswer(
  request: Request,
  { url, look = {} }: { url: URL; look?: Look | undefined },
  page: (locale: Language) => BarePage,
): Response {
  const language = extractLocaleFromRequest(request)
  const { status, title, words, link, code } = page(language)
  if (url.pathname === '/trpc' || url.pathname.startsWith('/trpc/')) {
    const error = { message: words, data: { code, httpStatus: status } }
    return Response.json({ error }, { status })
  }
  if (request.headers.get('x-sveltekit-action') === 'true')
    return Response.json({ type: 'error', status, error: { message: title, words } }, { status })
  if (!(request.headers.get('accept') ?? 'text/html').includes('text/html'))
    return new Response(`${words}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  const { site, accent = '', theme } = look
  const themed = theme === 'light' || theme === 'dark' ? ` data-theme="${theme}"` : ''
  const head = site === undefined ? '' : `<header>${escaped(site)}</header>`
  const way =
    link === null ? '' : `<p><a class="button" href="${escaped(link.href)}">${escaped(link.text)}</a></p>`
  const html = `<!doctype html>
<html lang="${language}" dir="${directionOf(language)}"${themed}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escaped(title)}</title><link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/error.css">${accent}</head>
<body>${head}<main><p class="status">${status}</p><h1>${escaped(title)}</h1><p class="quiet">${escaped(words)}</p>${way}</main></body>
</html>`
  return new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
  })
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
