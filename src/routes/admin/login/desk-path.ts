/** A moderation page, and nothing that a browser could read as another host. */
const DESK = /^\/admin(?:[/?][^\\\s]*)?$/

/** Where a sign-in leads: to the moderation page that was requested, or to the first one. */
export const deskPath = (next: string | null): string => (next !== null && DESK.test(next) ? next : '/admin')
