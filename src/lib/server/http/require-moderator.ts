import type { RequestEvent } from '@sveltejs/kit'
import { encodedLength } from './encoded-length'
import { LONGEST_NEXT } from './redirect-path'

/** Where a visitor of the moderation pages must go first: to sign in, or to set up a second factor. Null: nowhere. */
export function whereTo(url: URL, method: string, moderator: App.Locals['moderator']): string | null {
  if (moderator === null) {
    const next = method === 'GET' ? url.pathname + url.search : withoutAction(url)
    return encodedLength(next) > LONGEST_NEXT
      ? '/admin/login'
      : `/admin/login?next=${encodeURIComponent(next)}`
  }
  return moderator.mustSetUp === true && url.pathname !== '/admin/account' ? '/admin/account' : null
}

/** Where moderators write texts, to applicants, to visitors and to each other. */
const WRITING = ['(queue)', 'replies', 'intake', 'rules'].map((page) => `/admin/(desk)/${page}`)

/** The page of a form, by which returning does not repeat its action. */
function withoutAction({ pathname, searchParams }: URL): string {
  const query = new URLSearchParams([...searchParams].filter(([name]) => !name.startsWith('/'))).toString()
  return query === '' ? pathname : `${pathname}?${query}`
}

type Asked = Pick<RequestEvent, 'route' | 'url' | 'request' | 'isDataRequest'> & {
  locals: Pick<App.Locals, 'moderator'>
}

/**
 * Redirects requests for actions or data of moderation pages: neither waits for the layout, which checks pages. Null:
 * they may pass; the API checks again for each call. What a form sent goes along to the sign-in, which gives it back.
 */
export function requireModerator({ route, url, request, isDataRequest, locals }: Asked): Response | null {
  if (route.id?.startsWith('/admin/(desk)') !== true) return null
  if (request.method === 'GET' && !isDataRequest) return null
  const to = whereTo(url, request.method, locals.moderator)
  if (to === null) return null
  if (isDataRequest) return Response.json({ type: 'redirect', location: to })
  if (request.headers.get('x-sveltekit-action') === 'true')
    return Response.json({ type: 'redirect', status: 303, location: to })
  // Repeated there with its fields (RFC 9110, 15.4.8): neither an address nor a cookie is the place for them.
  const { id } = route
  const isWriting = WRITING.some((pages) => id.startsWith(pages))
  if (request.method === 'POST' && locals.moderator === null && isWriting)
    return new Response(null, {
      status: 307,
      headers: { location: `${to}${to.includes('?') ? '&' : '?'}/ended` },
    })
  return new Response(null, { status: 303, headers: { location: to } })
}
