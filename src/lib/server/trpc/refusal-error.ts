import { TRPCError } from '@trpc/server'
import type { Refusal, RefusalCode, Refused, Result } from '$lib/registration/refusal'
import { refusalOfOutage } from '../outages/outage-refusal'

type ErrorCode = TRPCError['code']

/** The HTTP status of each refusal, in the order of `Refusal`. */
const CODES: Record<RefusalCode, ErrorCode> = {
  username_missing: 'BAD_REQUEST',
  username_other_server: 'BAD_REQUEST',
  username_characters: 'BAD_REQUEST',
  username_only_signs: 'BAD_REQUEST',
  username_invisible: 'BAD_REQUEST',
  username_digits: 'BAD_REQUEST',
  username_underscore: 'BAD_REQUEST',
  username_too_long: 'BAD_REQUEST',
  username_reserved: 'BAD_REQUEST',
  username_taken: 'CONFLICT',
  username_own: 'CONFLICT',
  username_lost: 'CONFLICT',
  email_missing: 'BAD_REQUEST',
  email_invalid: 'BAD_REQUEST',
  email_several: 'BAD_REQUEST',
  email_invisible: 'BAD_REQUEST',
  email_blocked: 'BAD_REQUEST',
  email_disposable: 'BAD_REQUEST',
  network_blocked: 'FORBIDDEN',
  registration_closed: 'FORBIDDEN',
  too_many_mails: 'TOO_MANY_REQUESTS',
  too_many_tries: 'TOO_MANY_REQUESTS',
  form_outdated: 'CONFLICT',
  too_many_unproved: 'TOO_MANY_REQUESTS',
  link_broken: 'NOT_FOUND',
  link_expired: 'BAD_REQUEST',
  link_spent: 'BAD_REQUEST',
  password_missing: 'BAD_REQUEST',
  password_too_short: 'BAD_REQUEST',
  password_too_long: 'BAD_REQUEST',
  password_characters: 'BAD_REQUEST',
  password_needs: 'BAD_REQUEST',
  password_like_name: 'BAD_REQUEST',
  password_guessed: 'BAD_REQUEST',
  password_weak: 'BAD_REQUEST',
  reason_too_short: 'BAD_REQUEST',
  reason_too_long: 'BAD_REQUEST',
  legal_missing: 'BAD_REQUEST',
  message_too_long: 'BAD_REQUEST',
  no_registration: 'UNAUTHORIZED',
  other_registration: 'CONFLICT',
  not_found: 'NOT_FOUND',
  unreadable: 'BAD_REQUEST',
  wrong_state: 'CONFLICT',
  already_decided: 'CONFLICT',
  stale: 'CONFLICT',
  undo_too_late: 'CONFLICT',
  probation_off: 'CONFLICT',
  address_taken: 'CONFLICT',
  reopen_too_early: 'CONFLICT',
  nothing_asked: 'CONFLICT',
  claimed: 'CONFLICT',
  text_missing: 'BAD_REQUEST',
  text_too_long: 'BAD_REQUEST',
  category_unknown: 'BAD_REQUEST',
  reply_gone: 'NOT_FOUND',
  reply_changed: 'CONFLICT',
  reply_title_missing: 'BAD_REQUEST',
  reply_title_too_long: 'BAD_REQUEST',
  reply_placeholder: 'BAD_REQUEST',
  password_wrong: 'FORBIDDEN',
  code_wrong: 'UNAUTHORIZED',
  factor_on: 'CONFLICT',
  factor_unreadable: 'FORBIDDEN',
  passkey_refused: 'UNAUTHORIZED',
  passkey_unknown: 'UNAUTHORIZED',
  passkey_name: 'BAD_REQUEST',
  passkeys_too_many: 'CONFLICT',
  matrix_id_invalid: 'BAD_REQUEST',
  matrix_id_foreign: 'BAD_REQUEST',
  matrix_id_taken: 'CONFLICT',
  matrix_id_own: 'CONFLICT',
  second_factor_needed: 'FORBIDDEN',
  moderator_name_invalid: 'BAD_REQUEST',
  moderator_name_taken: 'CONFLICT',
  moderator_known: 'CONFLICT',
  moderator_disabled: 'CONFLICT',
  last_administrator: 'CONFLICT',
  remind_hours_wrong: 'BAD_REQUEST',
  role_too_low: 'FORBIDDEN',
  homeserver_unavailable: 'BAD_REQUEST',
  homeserver_refuses: 'BAD_REQUEST',
  database_unavailable: 'BAD_REQUEST',
  sign_in_failed: 'UNAUTHORIZED',
  too_many_sign_ins: 'TOO_MANY_REQUESTS',
  too_busy: 'BAD_REQUEST',
  not_signed_in: 'UNAUTHORIZED',
  sign_in_again: 'FORBIDDEN',
  job_not_waiting: 'CONFLICT',
  decision_needed: 'CONFLICT',
  account_used: 'CONFLICT',
  rule_value_invalid: 'BAD_REQUEST',
  rule_value_invisible: 'BAD_REQUEST',
  rule_exists: 'CONFLICT',
  rule_over: 'CONFLICT',
  rule_misses: 'FORBIDDEN',
  rule_misses_request: 'CONFLICT',
  rule_reason_too_long: 'BAD_REQUEST',
  rule_kind_unknown: 'BAD_REQUEST',
  rule_effect_unknown: 'BAD_REQUEST',
  rule_expires_wrong: 'BAD_REQUEST',
  list_cells: 'BAD_REQUEST',
  list_empty: 'BAD_REQUEST',
  list_too_long: 'BAD_REQUEST',
  list_column_missing: 'BAD_REQUEST',
  list_quotes: 'BAD_REQUEST',
  list_patterns: 'BAD_REQUEST',
  list_changed: 'CONFLICT',
  opening_changed: 'CONFLICT',
  date_wrong: 'BAD_REQUEST',
  invitation_missing: 'FORBIDDEN',
  invitation_unknown: 'FORBIDDEN',
  invitation_over: 'BAD_REQUEST',
  too_many_codes: 'TOO_MANY_REQUESTS',
  code_uses_wrong: 'BAD_REQUEST',
  code_days_wrong: 'BAD_REQUEST',
  code_note_too_long: 'BAD_REQUEST',
}

/** Every code, for those who need all of them at run time. */
export const REFUSAL_CODES: readonly string[] = Object.keys(CODES)

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
    code: CODES[refused.refusal.code],
    message: refused.refusal.code,
    cause: new RefusalError(refused),
  })
}

/** An outage of homeserver or database is a refusal that can be retried; anything else thrown stays as it is. */
export function outageAsRefusal(error: unknown): unknown {
  const refused = refusalOfOutage(error)
  return refused === null ? error : refusalError(refused)
}
