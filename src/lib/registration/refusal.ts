import type { AccountState, State } from './state'

/**
 * Every expected "no", by one list of codes. The domain and the server answer with these values; pages, tRPC and
 * the CLI each put them in their own words. Exceptions are for bugs and outages only.
 */
export type Refusal =
  | { code: 'username_missing' }
  | { code: 'username_other_server'; domain: string }
  /** `characters`: which ones a name can have here. */
  | { code: 'username_characters'; characters: 'basic' | 'all' }
  /** Neither letter nor digit. */
  | { code: 'username_only_signs' }
  /** A character without a shape stands within; `after`: what can be seen before it. */
  | { code: 'username_invisible'; after: string }
  | { code: 'username_digits' }
  | { code: 'username_underscore' }
  | { code: 'username_too_long'; longest: number }
  /** Kept back by the operator or by the homeserver. */
  | { code: 'username_reserved' }
  | { code: 'username_taken' }
  /** The one that the same browser is registering already. */
  | { code: 'username_own' }
  /** It was free when it was chosen and is not any more: another one has to be picked. */
  | { code: 'username_lost' }
  | { code: 'email_missing' }
  | { code: 'email_invalid' }
  /** More than one address. */
  | { code: 'email_several' }
  /** As with names. */
  | { code: 'email_invisible'; after: string }
  | { code: 'email_blocked' }
  | { code: 'email_disposable' }
  | { code: 'network_blocked' }
  /** Nobody new can start now; `until` in milliseconds since 1970, where it is known. */
  | { code: 'registration_closed'; until: number | null }
  /** `hours`: when the next mail is possible again, rounded up. */
  | { code: 'too_many_mails'; hours: number }
  /** `minutes`: when the same is possible again, rounded up. */
  | { code: 'too_many_tries'; minutes: number }
  /** The form is too old, or from before there was a proof of work to ask for: the next one can be sent as it stands. */
  | { code: 'form_outdated' }
  /** Too many come without a proof of work. `minutes`: when one more may, rounded up. */
  | { code: 'too_many_unproved'; minutes: number }
  | { code: 'link_broken' }
  | { code: 'link_expired' }
  | { code: 'link_spent' }
  | { code: 'password_missing' }
  | { code: 'password_too_short'; minimum: number }
  | { code: 'password_too_long'; maximumBytes: number }
  /** Some that not every server reads alike. */
  | { code: 'password_characters' }
  | { code: 'password_needs'; needs: PasswordNeed }
  | { code: 'password_like_name' }
  /** One of those that are tried first. */
  | { code: 'password_guessed' }
  | { code: 'reason_too_short'; minimum: number; length: number }
  | { code: 'reason_too_long'; maximum: number; length: number }
  | { code: 'legal_missing' }
  | { code: 'message_too_long'; maximum: number }
  /** The browser holds no registration, or it is over. */
  | { code: 'no_registration' }
  /** What was sent is about another registration, or another name of it, than whoever sends it stands for `now`; names, `shown` where it says one. */
  | { code: 'other_registration'; shown: string | null; now: string }
  | { code: 'not_found' }
  /** A form that no page here makes. */
  | { code: 'unreadable' }
  | { code: 'wrong_state'; state: State; account: AccountState }
  /** Somebody else was faster; `by` is a moderator's name or null for the applicant or the system. */
  | { code: 'already_decided'; state: State; by: string | null; at: number }
  /** The row changed since the page was made, but the decision is still open. */
  | { code: 'stale' }
  /** What was decided is being done already. */
  | { code: 'undo_too_late' }
  /** The address has another registration by now. */
  | { code: 'address_taken' }
  /** The account of the denial is not removed yet. */
  | { code: 'reopen_too_early' }
  /** No question waits for an answer. */
  | { code: 'nothing_asked' }
  /** A colleague has it for themselves; `by` is a moderator's name. */
  | { code: 'claimed'; by: string; at: number }
  | { code: 'text_missing' }
  | { code: 'text_too_long'; maximum: number; length: number }
  | { code: 'category_unknown' }
  /** A colleague deleted it. */
  | { code: 'reply_gone' }
  | { code: 'reply_title_missing' }
  | { code: 'reply_title_too_long'; maximum: number }
  /** `placeholder`: as it was written, with its braces. */
  | { code: 'reply_placeholder'; placeholder: string }
  /** The password of a moderator that was asked for again. */
  | { code: 'password_wrong' }
  /** No code of the authenticator, and no recovery code that can still be used. */
  | { code: 'code_wrong' }
  | { code: 'factor_on' }
  /** The secret key changed since the authenticator was set up. */
  | { code: 'factor_unreadable' }
  /** What a browser answered for a passkey was not what it was asked, or too late. */
  | { code: 'passkey_refused' }
  | { code: 'passkey_unknown' }
  | { code: 'passkey_name'; maximum: number }
  | { code: 'passkeys_too_many' }
  /** An administrator wants everybody to have a second factor. */
  | { code: 'second_factor_needed' }
  | { code: 'moderator_name_invalid' }
  | { code: 'moderator_name_taken' }
  /** Somebody at the desk has this address. */
  | { code: 'moderator_known' }
  /** Without one nobody could look after people and rules. */
  | { code: 'last_administrator' }
  /** A reminder after no, or too many, whole hours. */
  | { code: 'remind_hours_wrong'; minimum: number; maximum: number }
  /** Only an administrator may do that. */
  | { code: 'role_too_low' }
  | { code: 'homeserver_unavailable' }
  /** The homeserver refuses for good; only the operator can change that. */
  | { code: 'homeserver_refuses' }
  /** Nothing was kept: the database does not take it now. */
  | { code: 'database_unavailable' }
  | { code: 'sign_in_failed' }
  /** `minutes`: when the next try is possible, rounded up. */
  | { code: 'too_many_sign_ins'; minutes: number }
  /** Too many passwords are being checked; nothing was counted, and the same works in a moment. */
  | { code: 'too_busy' }
  | { code: 'not_signed_in' }
  /** Too long ago for what changes the ways in. */
  | { code: 'sign_in_again' }
  | { code: 'job_not_waiting' }
  /** An approval that cannot be carried out is approved anew or denied. */
  | { code: 'decision_needed' }
  /** Somebody uses the account, so that it is not this program's to touch. */
  | { code: 'account_used' }
  /** What a rule is to look at cannot be read. */
  | { code: 'rule_value_invalid'; subject: 'network' | 'email' | 'domain' | 'username' }
  /** As with names. */
  | { code: 'rule_value_invisible'; after: string }
  /** Such a rule counts already. */
  | { code: 'rule_exists' }
  /** It does not count any more. */
  | { code: 'rule_over' }
  /** A moderator's rule has to be about the request that they made it from. */
  | { code: 'rule_misses' }
  | { code: 'rule_reason_too_long'; maximum: number }
  /** No such kind or effect in a table of rules, where only the known words are read. */
  | { code: 'rule_kind_unknown'; known: readonly string[] }
  | { code: 'rule_effect_unknown'; known: readonly string[] }
  /** No moment that is still to come. */
  | { code: 'rule_expires_wrong' }
  /** A line of a table has more cells than its first one. */
  | { code: 'list_cells' }
  | { code: 'list_empty' }
  | { code: 'list_too_long'; maximum: number; length: number }
  /** The first line of a table names no column `value`. */
  | { code: 'list_column_missing' }
  /** A quote that is not closed, or stands where none can. */
  | { code: 'list_quotes'; line: number }
  /** So many patterns would slow everybody down. */
  | { code: 'list_patterns'; maximum: number }
  /** What was sent is not what was looked at. */
  | { code: 'list_changed' }
  /** No day that is still to come, or one that is too far away. */
  | { code: 'date_wrong' }
  /** Nobody registers here without an invitation. */
  | { code: 'invitation_missing' }
  /** Nobody ever made such a code. */
  | { code: 'invitation_unknown' }
  | { code: 'invitation_over'; why: 'ended' | 'expired' | 'used_up' }
  /** `minutes`: when the next try is possible, rounded up. */
  | { code: 'too_many_codes'; minutes: number }
  /** What a moderator wants of a new code. */
  | { code: 'code_uses_wrong'; minimum: number; maximum: number }
  | { code: 'code_days_wrong'; minimum: number; maximum: number }
  | { code: 'code_note_too_long'; maximum: number }

export type PasswordNeed = 'digit' | 'symbol' | 'lowercase' | 'uppercase'

export type RefusalCode = Refusal['code']

/** A "no"; `others`: what else is wrong with the same form, so that a person hears it all at once. */
export interface Refused {
  ok: false
  refusal: Refusal
  others?: Refusal[]
}

/** Either what was asked for, or why not. */
export type Result<T> = { ok: true; value: T } | Refused

export const accept = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
export const refuse = (refusal: Refusal, ...others: Refusal[]): Refused =>
  others.length === 0 ? { ok: false, refusal } : { ok: false, refusal, others }
