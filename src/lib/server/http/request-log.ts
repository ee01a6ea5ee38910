import type { Logger } from 'pino'

/** A request that was answered. `ms`: from its arrival to the start of the answer's body. */
export interface Handled {
  method: string
  route: string
  status: number
  ms: number
}

/** What monitoring asks again and again. */
const HEALTH_CHECKS = ['/healthz', '/readyz']
/** The API has one route for all of its calls. */
const API = '/trpc'
/** Where no page is; the path itself is the visitor's input. */
const NO_ROUTE = 'none'

/** The pattern of a request's route (`/register/verify/[token]`), of which there are few; never its path. */
export function routeOf({ route, pathname }: { route: string | null; pathname: string }): string {
  if (route !== null) return route
  if (HEALTH_CHECKS.includes(pathname)) return pathname
  return pathname.startsWith(`${API}/`) ? API : NO_ROUTE
}

/** Logs one line per request, without anything that its sender typed; health checks only at `debug`. */
export function createRequestLog(log: Pick<Logger, 'info' | 'debug'>) {
  return ({ method, route, status, ms }: Handled): void => {
    const line = { method, route, status, ms: Math.round(ms * 10) / 10 }
    if (HEALTH_CHECKS.includes(route)) log.debug(line, 'Request')
    else log.info(line, 'Request')
  }
}
