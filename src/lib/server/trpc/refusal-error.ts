import { TRPCError } from '@trpc/server'
import type { Refusal, RefusalCode, Refused, Result } from '$lib/registration/refusal'
import { refusalOfOutage } from '../outages/outage-refusal'

type ErrorCode = TRPCError['code']

/** The HTTP status of each refusal; the others are 400. */
const CODES: Partial<Record<RefusalCode, ErrorCode>> = {
  too_many_mails: 'TOO_MANY_REQUESTS',
  too_many_sign_ins: 'TOO_MANY_REQUESTS',
  too_many_tries: 'TOO_MANY_REQUESTS',
  too_many_unproved: 'TOO_MANY_REQUESTS',
  form_outdated: 'CONFLICT',
  too_many_codes: 'TOO_MANY_REQUESTS',
  invitation_missing: 'FORBIDDEN',
  invitation_unknown: 'FORBIDDEN',
  not_signed_in: 'UNAUTHORIZED',
  sign_in_again: 'FORBIDDEN',
  sign_in_failed: 'UNAUTHORIZED',
  no_registration: 'UNAUTHORIZED',
  network_blocked: 'FORBIDDEN',
  registration_closed: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  link_broken: 'NOT_FOUND',
  reply_gone: 'NOT_FOUND',
  username_taken: 'CONFLICT',
  username_own: 'CONFLICT',
  username_lost: 'CONFLICT',
  other_registration: 'CONFLICT',
  already_decided: 'CONFLICT',
  stale: 'CONFLICT',
  wrong_state: 'CONFLICT',
  job_not_waiting: 'CONFLICT',
  decision_needed: 'CONFLICT',
  account_used: 'CONFLICT',
  undo_too_late: 'CONFLICT',
  probation_off: 'CONFLICT',
  address_taken: 'CONFLICT',
  reopen_too_early: 'CONFLICT',
  nothing_asked: 'CONFLICT',
  claimed: 'CONFLICT',
  role_too_low: 'FORBIDDEN',
  password_wrong: 'FORBIDDEN',
  code_wrong: 'UNAUTHORIZED',
  passkey_refused: 'UNAUTHORIZED',
  passkey_unknown: 'UNAUTHORIZED',
  passkeys_too_many: 'CONFLICT',
  factor_on: 'CONFLICT',
  factor_unreadable: 'FORBIDDEN',
  second_factor_needed: 'FORBIDDEN',
  moderator_name_taken: 'CONFLICT',
  moderator_known: 'CONFLICT',
  moderator_disabled: 'CONFLICT',
  last_administrator: 'CONFLICT',
  rule_exists: 'CONFLICT',
  rule_over: 'CONFLICT',
  rule_misses: 'FORBIDDEN',
  list_changed: 'CONFLICT',
}

/** HTTP has a status for these that tRPC 10 lacks. */
export const STATUS: Partial<Record<RefusalCode, number>> = {
  homeserver_unavailable: 503,
  homeserver_refuses: 502,
  database_unavailable: 503,
  too_busy: 503,
  link_expired: 410,
  link_spent: 410,
  invitation_over: 410,
}

/** A password queue is done within this. */
const BUSY_SECONDS = 5

/** In how many seconds a retry may work (`Retry-After`); null if time changes nothing. */
export function secondsToWait(refusal: Refusal): number | null {
  if (refusal.code === 'too_busy') return BUSY_SECONDS
  if ('minutes' in refusal) return refusal.minutes * 60
  return 'hours' in refusal ? refusal.hours * 3600 : null
}

/** The cause of a TRPCError that is a refusal. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError'
  readonly refusal: Refusal
  readonly others: Refusal[]

  constructor(refused: Refused) {
    super(refused.refusal.code)
    this.refusal = refused.refusal
    this.others = refused.others ?? []
  }
}

/** The value, or a TRPCError with the refusal. */
export function orThrow<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw refusalError(result)
}

export function refusalError(refused: Refused): TRPCError {
  return new TRPCError({
    code: CODES[refused.refusal.code] ?? 'BAD_REQUEST',
    message: refused.refusal.code,
    cause: new RefusalError(refused),
  })
}

/** An outage of homeserver or database is a refusal that can be retried; anything else thrown stays as it is. */
export function outageAsRefusal(error: unknown): unknown {
  const refused = refusalOfOutage(error)
  return refused === null ? error : refusalError(refused)
}
