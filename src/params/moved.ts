/** Former names of moderators' pages, as bookmarks and sent emails have them, with the names of today. */
export const MOVED = new Map([
  ['people', 'moderators'],
  ['figures', 'statistics'],
  ['history', 'audit-log'],
  ['opening', 'intake'],
])

/** Whether a page of moderators once had this name. */
export const match = (name: string): boolean => MOVED.has(name)
