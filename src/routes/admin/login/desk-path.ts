/** A page of the desk, and nothing that a browser could read as another host. */
const DESK = /^\/admin(?:[/?][^\\\s]*)?$/

/** Where a sign-in leads: to the page of the desk that was asked for, or to its first one. */
export const deskPath = (next: string | null): string => (next !== null && DESK.test(next) ? next : '/admin')
