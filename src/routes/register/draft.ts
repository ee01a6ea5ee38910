import type { Cookies } from '@sveltejs/kit'
import type { SiteView } from '$lib/registration/views'
import { cookieName } from '$lib/server/cookie-name'

/** What was typed in the first two steps, until the address is confirmed. It proves nothing, and holds no key. */
export interface Draft {
  username: string
  email: string
  /** An invitation code. It is looked at again wherever something depends on it. */
  invitation: string
}

const COOKIE = 'draft'
const SECONDS = 2 * 60 * 60
/** Longer than any name or address can be. */
const LONGEST = 300

/** The draft that this browser carries; what is missing is empty. */
export function readDraft(cookies: Cookies, site: SiteView): Draft {
  const fields = new URLSearchParams(cookies.get(cookieName(COOKIE, site.secure)) ?? '')
  const field = (name: keyof Draft) => (fields.get(name) ?? '').slice(0, LONGEST)
  return { username: field('username'), email: field('email'), invitation: field('invitation') }
}

export function keepDraft(cookies: Cookies, draft: Draft, site: SiteView): void {
  cookies.set(cookieName(COOKIE, site.secure), new URLSearchParams({ ...draft }).toString(), {
    path: '/',
    maxAge: SECONDS,
    httpOnly: true,
    sameSite: 'lax',
    secure: site.secure,
  })
}

export function dropDraft(cookies: Cookies, site: SiteView): void {
  cookies.delete(cookieName(COOKIE, site.secure), { path: '/', secure: site.secure })
}
