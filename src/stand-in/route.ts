import type { StandInUser } from './state'

/** What a request to the stand-in is about, after its token and path were read. */
export interface StandInRequest {
  /** Whose token it came with; for open routes the administrator, and not to be asked. */
  caller: StandInUser
  /** That token; empty where there is none. */
  token: string
  /** The parts of the path that the route names with a colon, decoded. */
  at: (name: string) => string
  query: URLSearchParams
  /** The parsed JSON object, or the form. */
  body: Record<string, unknown>
}

/** An answer: an object is sent as JSON, a text as HTML. */
export interface StandInAnswer {
  status: number
  body: object | string
  headers?: Record<string, string>
}

export interface StandInRoute {
  method: 'GET' | 'PUT' | 'POST'
  /** For example `/_matrix/client/v3/profile/:user`. */
  path: string
  /** Whose token it takes. */
  to: 'everybody' | 'users' | 'admins'
  handle: (request: StandInRequest) => StandInAnswer
}

export const ok = (body: object): StandInAnswer => ({ status: 200, body })

export const problem = (
  status: number,
  errcode: string,
  error: string,
  more: object = {},
): StandInAnswer => ({
  status,
  body: { errcode, error, ...more },
})

/** Synapse's page for errors. */
export const page = (status: number, text: string): StandInAnswer => ({
  status,
  body: `<!DOCTYPE html>\n<html lang=en><head><meta charset="utf-8"><title>${status}</title></head><body><p>${text}</p></body></html>\n`,
})

/** Answers the named parts of a path that is the route's, or null. An encoded slash is none. */
export function matchPath(pattern: string, path: string): Map<string, string> | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const parts = new Map<string, string>()
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':') && value !== '') parts.set(part.slice(1), decodeURIComponent(value))
    else if (part !== value) return null
  }
  return parts
}
