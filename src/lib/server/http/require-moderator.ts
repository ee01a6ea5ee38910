import type { RequestEvent } from '@sveltejs/kit'

/** Longer than any list of the desk is called; an answer's head must not grow with what was asked. */
const LONGEST_NEXT = 2000

/** Where whoever asks for the desk has to go first: to sign in, or to set up a second factor. Null: nowhere. */
export function whereTo(url: URL, method: string, moderator: App.Locals['moderator']): string | null {
  if (moderator === null) {
    // What was to be done is not done by the way back.
    const next = method === 'GET' ? url.pathname + url.search : url.pathname
    return next.length > LONGEST_NEXT ? '/admin/login' : `/admin/login?next=${encodeURIComponent(next)}`
  }
  return moderator.mustSetUp === true && url.pathname !== '/admin/account' ? '/admin/account' : null
}

type Asked = Pick<RequestEvent, 'route' | 'url' | 'request' | 'isDataRequest'> & {
  locals: Pick<App.Locals, 'moderator'>
}

/**
 * Sends away who asks the desk for an action, or for the data of a page by itself: neither waits for the layout, which
 * asks at a page. Null: they may pass; the API asks once more for each call.
 */
export function atTheDoor({ route, url, request, isDataRequest, locals }: Asked): Response | null {
  if (route.id?.startsWith('/admin/(desk)') !== true) return null
  if (request.method === 'GET' && !isDataRequest) return null
  const to = whereTo(url, request.method, locals.moderator)
  if (to === null) return null
  if (isDataRequest) return Response.json({ type: 'redirect', location: to })
  if (request.headers.get('x-sveltekit-action') === 'true')
    return Response.json({ type: 'redirect', status: 303, location: to })
  return new Response(null, { status: 303, headers: { location: to } })
}
