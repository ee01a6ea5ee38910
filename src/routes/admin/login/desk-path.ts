import { encodedLength } from '$lib/server/http/encoded-length'
import { LONGEST_NEXT } from '$lib/server/http/require-moderator'

/** A moderation page, and nothing that a browser could read as another host. */
const DESK = /^\/admin(?:[/?][^\\\s]*)?$/

/** Where a sign-in leads: to the moderation page that was requested, or to the first one. */
export const deskPath = (next: string | null): string =>
  next !== null && encodedLength(next) <= LONGEST_NEXT && DESK.test(next) ? next : '/admin'
