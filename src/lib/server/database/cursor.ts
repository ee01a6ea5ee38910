/** Where a page of a list ends: the moment that the list is sorted by, and the id that tells its equals apart. */
export interface Place {
  at: number
  id: string
}

export function writePlace({ at, id }: Place): string {
  return `${at}.${id}`
}

/** Null for none, and for what is no place. */
export function readPlace(text: string | undefined): Place | null {
  const [, at, id] = /^(-?\d{1,15})\.([\w-]{1,64})$/.exec(text ?? '') ?? []
  return at === undefined || id === undefined ? null : { at: Number(at), id }
}
