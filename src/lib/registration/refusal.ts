import type { AccountState, State } from './state'

/**
 * Every expected refusal, in one list of codes. The domain and the server return these values; pages, tRPC and the
 * CLI each word them. Exceptions are only for bugs and outages.
 */
export type Refusal =
  | { code: 'username_missing' }
  | { code: 'username_other_server'; domain: string }
  /** `characters`: the ones allowed here. */
  | { code: 'username_characters'; characters: 'basic' | 'all' }
  /** Neither letters nor digits. */
  | { code: 'username_only_signs' }
  /** It contains an invisible character; `after`: the visible text before it. */
  | { code: 'username_invisible'; after: string }
  | { code: 'username_digits' }
  | { code: 'username_underscore' }
  | { code: 'username_too_long'; longest: number }
  /** Reserved by the operator or by the homeserver. */
  | { code: 'username_reserved' }
  | { code: 'username_taken' }
  /** The one that the same browser is registering already. */
  | { code: 'username_own' }
  /** It was available when it was chosen and no longer is: another one must be chosen. */
  | { code: 'username_lost' }
  | { code: 'email_missing' }
  | { code: 'email_invalid' }
  /** Several addresses. */
  | { code: 'email_several' }
  /** As with names. */
  | { code: 'email_invisible'; after: string }
  | { code: 'email_blocked' }
  | { code: 'email_disposable' }
  | { code: 'network_blocked' }
  /** Registration is closed; `until` in milliseconds since 1970, if known. */
  | { code: 'registration_closed'; until: number | null }
  /** `hours`: when the next email can be requested, rounded up. */
  | { code: 'too_many_mails'; hours: number }
  /** `minutes`: when this can be tried again, rounded up. */
  | { code: 'too_many_tries'; minutes: number }
  /**
   * The form is too old, was sent before, or is from before a proof of work was required: the next one can be submitted
   * as it is.
   */
  | { code: 'form_outdated' }
  /** Too many requests without a proof of work. `minutes`: when the next one is possible, rounded up. */
  | { code: 'too_many_unproved'; minutes: number }
  | { code: 'link_broken' }
  | { code: 'link_expired' }
  | { code: 'link_spent' }
  | { code: 'password_missing' }
  | { code: 'password_too_short'; minimum: number }
  | { code: 'password_too_long'; maximumBytes: number }
  /** Characters that servers do not read alike. */
  | { code: 'password_characters' }
  | { code: 'password_needs'; needs: PasswordNeed }
  | { code: 'password_like_name' }
  /** One of the most common passwords. */
  | { code: 'password_guessed' }
  /** The homeserver itself finds it too easy to guess. */
  | { code: 'password_weak' }
  | { code: 'reason_too_short'; minimum: number; length: number }
  | { code: 'reason_too_long'; maximum: number; length: number }
  | { code: 'legal_missing' }
  | { code: 'message_too_long'; maximum: number }
  /** The browser has no registration, or it has ended. */
  | { code: 'no_registration' }
  /**
   * The form was for another registration, or another username, than the sender's `now`; names, `shown` if the form
   * has one.
   */
  | { code: 'other_registration'; shown: string | null; now: string }
  | { code: 'not_found' }
  /** A form that no page here creates. */
  | { code: 'unreadable' }
  | { code: 'wrong_state'; state: State; account: AccountState }
  /** Somebody else was faster; `by` is a moderator's username, or null for the applicant or the system. */
  | { code: 'already_decided'; state: State; by: string | null; at: number }
  /** The row changed since the page was rendered, but the decision is still open. */
  | { code: 'stale' }
  /** The decision is being carried out already. */
  | { code: 'undo_too_late' }
  /** The operator turned probation off. */
  | { code: 'probation_off' }
  /** The email address has another registration by now. */
  | { code: 'address_taken' }
  /** The account of the denial has not been removed yet. */
  | { code: 'reopen_too_early' }
  /** No question is waiting for an answer. */
  | { code: 'nothing_asked' }
  /** It is assigned to a colleague; `by` is their username. */
  | { code: 'claimed'; by: string; at: number }
  | { code: 'text_missing' }
  | { code: 'text_too_long'; maximum: number; length: number }
  | { code: 'category_unknown' }
  /** A colleague deleted it. */
  | { code: 'reply_gone' }
  /** A colleague changed it since the page was rendered. */
  | { code: 'reply_changed' }
  | { code: 'reply_title_missing' }
  | { code: 'reply_title_too_long'; maximum: number }
  /** `placeholder`: as written, with its braces. */
  | { code: 'reply_placeholder'; placeholder: string }
  /** The moderator's password, when it is asked for again. */
  | { code: 'password_wrong' }
  /** Neither a valid authenticator code nor an unused recovery code. */
  | { code: 'code_wrong' }
  | { code: 'factor_on' }
  /** The secret key changed since the authenticator was set up. */
  | { code: 'factor_unreadable' }
  /** A browser's passkey response did not match the challenge, or came too late. */
  | { code: 'passkey_refused' }
  | { code: 'passkey_unknown' }
  | { code: 'passkey_name'; maximum: number }
  | { code: 'passkeys_too_many' }
  /** No account can have this Matrix ID. */
  | { code: 'matrix_id_invalid' }
  /** It is on another homeserver than ours, which is `domain`. */
  | { code: 'matrix_id_foreign'; domain: string }
  /** It is linked to another moderator. */
  | { code: 'matrix_id_taken' }
  /** This program itself writes to the moderators' room with it. */
  | { code: 'matrix_id_own' }
  /** An administrator requires a second factor for everyone. */
  | { code: 'second_factor_needed' }
  | { code: 'moderator_name_invalid' }
  | { code: 'moderator_name_taken' }
  /** A moderator has this email address. */
  | { code: 'moderator_known' }
  /** The moderator's account is disabled. */
  | { code: 'moderator_disabled' }
  /** The last administrator: nobody else could manage moderators and rules. */
  | { code: 'last_administrator' }
  /** The hours for a reminder are not an integer, or too many. */
  | { code: 'remind_hours_wrong'; minimum: number; maximum: number }
  /** This takes a permission that the moderator's role does not have. */
  | { code: 'role_too_low' }
  | { code: 'homeserver_unavailable' }
  /** The homeserver refuses permanently; only the operator can change that. */
  | { code: 'homeserver_refuses' }
  /** Nothing was stored: the database is unavailable for writing. */
  | { code: 'database_unavailable' }
  | { code: 'sign_in_failed' }
  /** `minutes`: when the next attempt is possible, rounded up. */
  | { code: 'too_many_sign_ins'; minutes: number }
  /** Too many passwords are being checked; nothing was counted, and trying again in a moment works. */
  | { code: 'too_busy' }
  | { code: 'not_signed_in' }
  /** The sign-in is too long ago for changing sign-in methods. */
  | { code: 'sign_in_again' }
  | { code: 'job_not_waiting' }
  /** An approval that cannot be carried out must be approved again or denied. */
  | { code: 'decision_needed' }
  /** Somebody is using the account, so this program must not touch it. */
  | { code: 'account_used' }
  /** The rule's value is invalid. */
  | { code: 'rule_value_invalid'; subject: 'network' | 'email' | 'domain' | 'username' }
  /** As with names. */
  | { code: 'rule_value_invisible'; after: string }
  /** This rule exists already. */
  | { code: 'rule_exists' }
  /** It is no longer active. */
  | { code: 'rule_over' }
  /** A rule made by a moderator must match the request that they made it from. */
  | { code: 'rule_misses' }
  | { code: 'rule_misses_request' }
  | { code: 'rule_reason_too_long'; maximum: number }
  /** A rules table has an unknown kind or action; only the known words are accepted. */
  | { code: 'rule_kind_unknown'; known: readonly string[] }
  | { code: 'rule_effect_unknown'; known: readonly string[] }
  /** Not a moment in the future. */
  | { code: 'rule_expires_wrong' }
  /** A line of a table has more cells than its header. */
  | { code: 'list_cells' }
  | { code: 'list_empty' }
  | { code: 'list_too_long'; maximum: number; length: number }
  /** A table's header has no column `value`. */
  | { code: 'list_column_missing' }
  /** A quote is not closed, or is in the wrong place. */
  | { code: 'list_quotes'; line: number }
  /** This many patterns would slow everybody down. */
  | { code: 'list_patterns'; maximum: number }
  /** The submitted list is not the one that was previewed. */
  | { code: 'list_changed' }
  /** A colleague opened or closed registration, or changed the message, since the page was rendered. */
  | { code: 'opening_changed' }
  /** Not a future day, or too far in the future. */
  | { code: 'date_wrong' }
  /** An invitation is required here. */
  | { code: 'invitation_missing' }
  /** No such code was ever created. */
  | { code: 'invitation_unknown' }
  | { code: 'invitation_over'; why: 'ended' | 'expired' | 'used_up' }
  /** `minutes`: when the next attempt is possible, rounded up. */
  | { code: 'too_many_codes'; minutes: number }
  /** Invalid choices for a new code. */
  | { code: 'code_uses_wrong'; minimum: number; maximum: number }
  | { code: 'code_days_wrong'; minimum: number; maximum: number }
  | { code: 'code_note_too_long'; maximum: number }

export type PasswordNeed = 'digit' | 'symbol' | 'lowercase' | 'uppercase'

export type RefusalCode = Refusal['code']

/** A refusal; `others`: what else is wrong with the same form, so that the user learns it all at once. */
export interface Refused {
  ok: false
  refusal: Refusal
  others?: Refusal[]
}

/** Either the value that was asked for, or why not. */
export type Result<T> = { ok: true; value: T } | Refused

export const accept = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
export const refuse = (refusal: Refusal, ...others: Refusal[]): Refused =>
  others.length === 0 ? { ok: false, refusal } : { ok: false, refusal, others }
