import type { OwnView } from '$lib/registration/views'

/** Somebody pressed to go on behind their link, or sent one of the forms that stand there when no cookie came back. */
export const isGoingOn = ({ searchParams }: URL): boolean =>
  ['in', '/request', '/chooseUsername', '/setPassword'].some((name) => searchParams.has(name))

/**
 * Where a press behind a link leads, to see whether its cookie comes back. It is a path of its own, as w3m takes two
 * redirects from one path for a loop, and stops.
 */
export const onBehind = (link: string): string => `${link}/in`

/** Where it leads on from there: to where they stand, or, where no cookie came back, to the forms behind the link. */
export const leadOn = (own: Pick<OwnView, 'state'> | null, link: string): string =>
  own === null ? `${link}?in` : own.state === 'verified' ? '/register/account' : '/register/status'
