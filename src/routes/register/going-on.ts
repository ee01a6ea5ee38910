import type { OwnView } from '$lib/registration/views'

/** Somebody pressed to go on behind their link, or sent one of the forms that stand there when no cookie came back. */
export const isGoingOn = ({ searchParams }: URL): boolean =>
  ['in', '/request', '/chooseUsername', '/setPassword'].some((name) => searchParams.has(name))

/**
 * Where a press behind a link leads, to see whether its cookie comes back. It is a path of its own, as w3m takes two
 * redirects from one path for a loop, and stops. `shown`: whom the page showed, where that is somebody else.
 */
export const onBehind = (link: string, shown: string | null = null): string => withShown(`${link}/in`, shown)

/** Where it leads on from there: to where they stand, or, where no cookie came back, to the forms behind the link. */
export function leadOn(own: Pick<OwnView, 'state'> | null, link: string, { searchParams }: URL): string {
  const shown = searchParams.get('shown')
  if (own === null) return shown === null ? `${link}?in` : withShown(link, shown)
  return withShown(stepOf(own), shown)
}

/** The page on which somebody goes on, or sees where they stand. */
export const stepOf = ({ state }: Pick<OwnView, 'state'>): string =>
  state === 'verified' ? '/register/account' : '/register/status'

export const withShown = (path: string, shown: string | null): string =>
  shown === null ? path : `${path}?${new URLSearchParams({ shown }).toString()}`
