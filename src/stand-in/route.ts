import type { StandInUser } from './state'

/** A request to the stand-in, after its token and path were parsed. */
export interface StandInRequest {
  /** Whose token it came with; for public routes the administrator, unused. */
  caller: StandInUser
  /** That token; empty if there is none. */
  token: string
  /** Whether the token has a device; without MAS, each has. */
  hasDevice: boolean
  /** The path parameters of the route, decoded. */
  at: (name: string) => string
  query: URLSearchParams
  /** The parsed JSON object, or the form. */
  body: Record<string, unknown>
}

/** A response: an object is sent as JSON, text as HTML. */
export interface StandInAnswer {
  status: number
  body: object | string
  headers?: Record<string, string>
}

export interface StandInRoute {
  method: 'GET' | 'PUT' | 'POST'
  /** For example `/_matrix/client/v3/profile/:user`. */
  path: string
  /** Whose token it accepts. */
  to: 'everybody' | 'users' | 'admins'
  handle: (request: StandInRequest) => StandInAnswer | Promise<StandInAnswer>
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

/** What a suspended account is refused; `what` as in Synapse's words. */
export const suspended = (what: string): StandInAnswer =>
  problem(403, 'M_USER_SUSPENDED', `${what} while account is suspended is not allowed.`)

/** Synapse's error page. */
export const page = (status: number, text: string): StandInAnswer => ({
  status,
  body: `<!DOCTYPE html>\n<html lang=en><head><meta charset="utf-8"><title>${status}</title></head><body><p>${text}</p></body></html>\n`,
})

/** Returns the path parameters if the path matches the route, or null. An encoded slash does not match. */
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
