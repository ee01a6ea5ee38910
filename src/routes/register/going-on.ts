import type { OwnView } from '$lib/registration/views'
import { encodedLength } from '$lib/server/http/encoded-length'

/** The user pressed the button to continue from their link, or submitted a form shown because no cookie came back. */
export const isGoingOn = ({ searchParams }: URL): boolean =>
  ['in', '/request', '/chooseUsername', '/setPassword'].some((name) => searchParams.has(name))

/**
 * Where continuing from a link leads, to see whether its cookie comes back. It is a path of its own, because w3m
 * takes two redirects from one path for a loop, and stops. `shown`: the user the page showed, if it is another one.
 */
export const onBehind = (link: string, shown: string | null = null): string => withShown(`${link}/in`, shown)

/** Where it continues from there: to the current step, or to the forms behind the link if no cookie came back. */
export function leadOn(own: Pick<OwnView, 'state'> | null, link: string, { searchParams }: URL): string {
  const shown = searchParams.get('shown')
  if (own === null) return shown === null ? `${link}?in` : withShown(link, shown)
  return withShown(stepOf(own), shown)
}

/** The page to continue on, or to see the status. */
export const stepOf = ({ state }: Pick<OwnView, 'state'>): string =>
  state === 'verified' ? '/register/account' : '/register/status'

/** The longest encoded `shown` that goes into a header: longer than an ID with a username can be. */
export const LONGEST_SHOWN = 400

export const withShown = (path: string, shown: string | null): string =>
  shown === null || encodedLength(shown) > LONGEST_SHOWN
    ? path
    : `${path}?${new URLSearchParams({ shown }).toString()}`
