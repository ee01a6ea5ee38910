/** A cursor: the moment that the list is sorted by, and the ID that distinguishes equal ones. */
export interface Cursor {
  at: number
  id: string
}

export function writeCursor({ at, id }: Cursor): string {
  return `${at}.${id}`
}

/** Null for none, and for an invalid cursor. */
export function readCursor(text: string | undefined): Cursor | null {
  const [, at, id] = /^(-?\d{1,15})\.([\w-]{1,64})$/.exec(text ?? '') ?? []
  return at === undefined || id === undefined ? null : { at: Number(at), id }
}
