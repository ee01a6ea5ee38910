import type { RequestEvent } from '@sveltejs/kit'
import { encodedLength } from './encoded-length'

/** Encoded, longer than the address of any list; a response's headers must not grow with the request. */
export const LONGEST_NEXT = 3000

/** Where a visitor of the moderation pages must go first: to sign in, or to set up a second factor. Null: nowhere. */
export function whereTo(url: URL, method: string, moderator: App.Locals['moderator']): string | null {
  if (moderator === null) {
    // Returning does not repeat an action.
    const next = method === 'GET' ? url.pathname + url.search : url.pathname
    return encodedLength(next) > LONGEST_NEXT
      ? '/admin/login'
      : `/admin/login?next=${encodeURIComponent(next)}`
  }
  return moderator.mustSetUp === true && url.pathname !== '/admin/account' ? '/admin/account' : null
}

type Asked = Pick<RequestEvent, 'route' | 'url' | 'request' | 'isDataRequest'> & {
  locals: Pick<App.Locals, 'moderator'>
}

/**
 * Redirects requests for actions or data of moderation pages: neither waits for the layout, which checks pages. Null:
 * they may pass; the API checks again for each call.
 */
export function requireModerator({ route, url, request, isDataRequest, locals }: Asked): Response | null {
  if (route.id?.startsWith('/admin/(desk)') !== true) return null
  if (request.method === 'GET' && !isDataRequest) return null
  const to = whereTo(url, request.method, locals.moderator)
  if (to === null) return null
  if (isDataRequest) return Response.json({ type: 'redirect', location: to })
  if (request.headers.get('x-sveltekit-action') === 'true')
    return Response.json({ type: 'redirect', status: 303, location: to })
  return new Response(null, { status: 303, headers: { location: to } })
}
