import type { Cookies as EventCookies } from '@sveltejs/kit'
import { cookieName } from '../http/cookie-name'
import type { Cookies } from './context'

/**
 * The cookies of one request, under their names in its browser, and as restricted as it allows. `secure`: https only
 * (`hasHttps`).
 */
export function requestCookies(cookies: EventCookies, secure: boolean): Cookies {
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  // Lucia names its cookie by the site, which has one scheme; a request may have used the other.
  const called = (name: string) => cookieName(name.replace(/^__Host-/, ''), secure)
  return {
    get: (name) => cookies.get(called(name)),
    set: (name, value, maxAge) => cookies.set(called(name), value, { ...attributes, maxAge }),
    delete: (name) => cookies.delete(called(name), attributes),
  }
}
