/** Somebody pressed to go on behind their link, or sent one of the forms that stand there when no cookie came back. */
export const isGoingOn = ({ searchParams }: URL): boolean =>
  ['in', '/request', '/chooseUsername', '/setPassword'].some((name) => searchParams.has(name))
