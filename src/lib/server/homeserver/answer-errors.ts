import * as v from 'valibot'
import { HomeserverError } from './homeserver'
import { NoAnswer, type Answer } from './request'

/** Anything but a server's yes, as sentences for moderators. `task` completes "Could not …". */

/** A server that is called, as the sentences name it. */
export interface CalledServer {
  name: 'Synapse' | 'MAS'
  origin: string
  /** The setting with its address. */
  key: 'synapse.server' | 'mas.server'
}

export const LONGEST_QUOTE = 200
const problemSchema = v.object({ errcode: v.string(), error: v.optional(v.string(), '') })
const limitSchema = v.object({ retry_after_ms: v.number() })
const UNTRUSTED = /CERT|SIGN|ISSUER|TLS|SSL|EPROTO|HOSTNAME_MISMATCH/

/** Undefined if it is not JSON, which no JSON value is. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // A proxy's page, or half an answer; the callers distinguish it from Synapse's words.
  }
}

/** Synapse's standard error (Matrix client API, "Standard error response"), or null. `said` quotes it. */
export function readProblem(body: unknown): { errcode: string; said: string } | null {
  const problem = v.safeParse(problemSchema, body)
  if (!problem.success) return null
  const { errcode, error } = problem.output
  const said = `${errcode.slice(0, 60)}: ${error.replace(/\s+/g, ' ').trim().slice(0, LONGEST_QUOTE)}`
  return { errcode, said }
}

/** No answer, or none from Synapse: it may pass. */
export function unreachable(
  task: string,
  why: string,
  more: { outage?: boolean; retryAfter?: number | undefined; cause?: unknown } = {},
) {
  return new HomeserverError('unreachable', `Could not ${task}: ${why}.`, {
    permanent: false,
    outage: more.outage ?? true,
    why,
    cause: more.cause,
    ...(more.retryAfter === undefined ? {} : { retryAfter: more.retryAfter }),
  })
}

export function limited(task: string, { name }: CalledServer, answer: Answer) {
  const retryAfter = waitAsked(answer)
  const why = `${name === 'MAS' ? name : 'the homeserver'} is rate-limiting us (429)`
  return new HomeserverError('limited', `Could not ${task}: ${why}.`, {
    permanent: false,
    why,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}

/** A permanent "no" of any other kind. */
export function refused(task: string, why: string, cause?: unknown) {
  return new HomeserverError('refused', `Could not ${task}: ${why}.`, { permanent: true, why, cause })
}

export function missing(task: string, why: string) {
  return new HomeserverError('missing', `Could not ${task}: ${why}.`, { permanent: true, why })
}

/** `remedy`: what an operator does about it. */
export function badToken(task: string, said: string, remedy: string) {
  const why = `the homeserver does not permit it with our access token (${said})`
  return new HomeserverError('token', `Could not ${task}: ${why}. ${remedy}`, {
    permanent: true,
    outage: true,
    why: `${why}. ${remedy}`,
  })
}

/** The same of the token of an account that only speaks in rooms: everything else goes on. */
export function refusedToken(task: string, said: string, remedy: string) {
  const why = `the homeserver refuses the access token of the account that speaks in rooms (${said})`
  return new HomeserverError('token', `Could not ${task}: ${why}. ${remedy}`, {
    permanent: true,
    why: `${why}. ${remedy}`,
  })
}

/** Configuration and homeserver do not match: an operator must fix one of them. `key`: the setting, if it is known. */
export function wrongSetUp(kind: 'set_up' | 'delegated', message: string, key?: string) {
  return new HomeserverError(kind, message, { permanent: true, outage: true, key })
}

export function noAnswer(error: unknown, task: string, { name, origin }: CalledServer, timeoutMs: number) {
  const code = error instanceof NoAnswer ? error.code : 'INVALID'
  const cause = error instanceof NoAnswer ? error.cause : error
  if (code === 'ABORTED') return unreachable(task, 'it was broken off on our side', { outage: false })
  if (code === 'TIMEOUT') return unreachable(task, `${origin} did not answer within ${timeoutMs / 1000} s`)
  if (code === 'TOO_LARGE')
    return unreachable(task, `${origin} sent a far larger answer than ${name} ever does`)
  if (UNTRUSTED.test(code)) {
    const remedy = 'check its certificate; if you use your own CA, set synapse.verify_cert'
    return unreachable(task, `no secure connection to ${origin} (${code}): ${remedy}`, { cause })
  }
  return unreachable(task, `${origin} cannot be reached, or closed the connection (${code})`, { cause })
}

/**
 * `said`: the error in the server's own words, or null; it may be about this call only. Not 503, by which Synapse (1.160)
 * says of every call that it cannot ask MAS about our token; its 502 and 504 tell of other homeservers.
 */
export function serverError(task: string, { origin }: CalledServer, answer: Answer, said: string | null) {
  const why = `${origin} answered with a server error (${answer.status}${said === null ? '' : `, ${said}`})`
  return unreachable(task, why, {
    outage: said === null || answer.status === 503,
    retryAfter: waitAsked(answer),
  })
}

export function redirected(
  task: string,
  { origin, key }: CalledServer,
  { status, headers: { location = '' } }: Answer,
) {
  const target = URL.canParse(location) ? new URL(location).origin : 'elsewhere'
  const why = `${origin} redirects to ${target} (${status}); ${key} must be the final address`
  return unreachable(task, why)
}

/** The same error where no other call would succeed either, because all need what could not be had now. */
export function asOutage(error: unknown): unknown {
  if (!(error instanceof HomeserverError) || error.permanent || error.outage) return error
  const { kind, message, retryAfter, why, key } = error
  return new HomeserverError(kind, message, {
    permanent: false,
    outage: true,
    why,
    key,
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}

/** Also the answer for a wrong path in the address, and for a proxy that blocks the admin API. */
export function notFromIt(task: string, { name, origin, key }: CalledServer, { status, headers }: Answer) {
  const type = (headers['content-type'] ?? 'no content type').slice(0, 60)
  const why = `${origin} sent an answer that is not from ${name} (${status}, ${type})`
  return unreachable(task, `${why}; check ${key} and the proxy in front of it`)
}

/** JSON, but not of the shape that the server sends. */
export function wrongShape(task: string, { name, origin, key }: CalledServer) {
  return unreachable(task, `${origin} sent an answer that is not from ${name}; check ${key}`)
}

/** RFC 9110, 10.2.3: seconds, or a date, compared with the answer's own clock; else Synapse's `retry_after_ms`. */
function waitAsked({ headers, body }: Answer): number | undefined {
  const asked = headers['retry-after']
  if (asked !== undefined) {
    const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.parse(headers.date ?? '')
    if (Number.isFinite(ms) && ms >= 0) return ms
  }
  const limit = v.safeParse(limitSchema, parseJson(body))
  return limit.success && limit.output.retry_after_ms >= 0 ? limit.output.retry_after_ms : undefined
}
