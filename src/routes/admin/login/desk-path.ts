import { encodedLength } from '$lib/server/http/encoded-length'
import { asciiPath, LONGEST_NEXT } from '$lib/server/http/redirect-path'

/** A moderation page, and nothing that a browser could read as another host. */
const DESK_PATH = /^\/admin(?:[/?][^\\\s]*)?$/

/** The first page for moderators. */
export const DESK = '/admin'

/** Where a sign-in leads: to the moderation page that was requested, or to the first one. */
export const deskPath = (next: string | null): string =>
  next !== null && encodedLength(next) <= LONGEST_NEXT && DESK_PATH.test(next) ? asciiPath(next) : DESK

/** The next step once a way to sign in was right: it sees whether the cookie arrives. */
export const afterSignIn = ({ searchParams }: URL): string =>
  `/admin/login/in?next=${encodeURIComponent(deskPath(searchParams.get('next')))}`
