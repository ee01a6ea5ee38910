import type { Cookies as EventCookies } from '@sveltejs/kit'
import { cookieName } from '../http/cookie-name'
import type { Cookies } from './context'

/**
 * The cookies of one request, under their names in its browser, and as restricted as it allows. `secure`: https only
 * (`hasHttps`).
 */
export function requestCookies(cookies: EventCookies, secure: boolean): Cookies {
  const attributes = { ...ATTRIBUTES, secure }
  const called = (name: string) => calledOn(name, secure)
  return {
    get: (name) => cookies.get(called(name)),
    set: (name, value, maxAge) => cookies.set(called(name), value, { ...attributes, maxAge }),
    delete: (name) => cookies.delete(called(name), attributes),
  }
}

/**
 * Sets a cookie on a response that is complete, unless it sets this one already. What is set before only reaches the
 * browser with pages and endpoints: redirects of hooks and the API's responses are made without `resolve`.
 */
export function setOnResponse(
  { headers }: Pick<Response, 'headers'>,
  { name, value, maxAge }: { name: string; value: string; maxAge: number },
  { cookies, secure }: { cookies: Pick<EventCookies, 'serialize'>; secure: boolean },
): void {
  const called = calledOn(name, secure)
  if (headers.getSetCookie().some((line) => line.startsWith(`${called}=`))) return
  headers.append('set-cookie', cookies.serialize(called, value, { ...ATTRIBUTES, secure, maxAge }))
}

const ATTRIBUTES = { path: '/', httpOnly: true, sameSite: 'lax' } as const

/** Lucia names its cookie by the site, which has one scheme; a request may have used the other. */
const calledOn = (name: string, secure: boolean) => cookieName(name.replace(/^__Host-/, ''), secure)
