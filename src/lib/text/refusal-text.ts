import { authorText } from './author-text'
import { listText } from '$lib/text/list-text'
import { m } from '$lib/paraglide/messages'
import type { PasswordNeed, Refusal } from '$lib/registration/refusal'
import { stateText } from './state-text'
import { usernameRefusalText } from './username-refusal-text'
import { waitText } from './wait-text'

/** Words a refusal for the user: what happened, what it means, what to do. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.code) {
    case 'username_missing':
    case 'username_other_server':
    case 'username_characters':
    case 'username_only_signs':
    case 'username_invisible':
    case 'username_digits':
    case 'username_underscore':
    case 'username_too_long':
    case 'username_reserved':
    case 'username_taken':
    case 'username_own':
    case 'username_lost':
      return usernameRefusalText(refusal)
    case 'unreadable':
      return m.refusal_unreadable()
    case 'email_missing':
      return m.refusal_email_missing()
    case 'email_invalid':
      return m.refusal_email_invalid()
    case 'email_several':
      return m.refusal_email_several()
    case 'email_invisible':
      return m.refusal_email_invisible({ after: refusal.after })
    case 'email_blocked':
      return m.refusal_email_blocked()
    case 'email_disposable':
      return m.refusal_email_disposable()
    case 'network_blocked':
      return m.refusal_network_blocked()
    case 'registration_closed':
      return m.refusal_registration_closed()
    case 'date_wrong':
      return m.refusal_date_wrong()
    case 'too_many_mails':
      return m.refusal_too_many_mails({ wait: waitText(refusal.hours * 60) })
    case 'form_outdated':
      return m.proof_form_outdated()
    case 'too_many_unproved':
      return m.proof_too_many({ wait: waitText(refusal.minutes) })
    case 'link_broken':
      return m.refusal_link_broken()
    case 'link_expired':
      return m.refusal_link_expired()
    case 'link_spent':
      return m.refusal_link_spent()
    case 'password_missing':
      return m.refusal_password_missing()
    case 'password_too_short':
      return m.refusal_password_too_short({ minimum: refusal.minimum })
    case 'password_too_long':
      return m.refusal_password_too_long({ maximumBytes: refusal.maximumBytes })
    case 'password_characters':
      return m.refusal_password_characters()
    case 'password_needs':
      return passwordNeedText(refusal.needs)
    case 'password_like_name':
      return m.refusal_password_like_name()
    case 'password_guessed':
      return m.refusal_password_guessed()
    case 'password_weak':
      return m.refusal_password_weak()
    case 'reason_too_short':
      return m.refusal_reason_too_short({ minimum: refusal.minimum, length: refusal.length })
    case 'reason_too_long':
      return m.refusal_reason_too_long({ maximum: refusal.maximum, length: refusal.length })
    case 'legal_missing':
      return m.refusal_legal_missing()
    case 'message_too_long':
      return m.refusal_message_too_long({ maximum: refusal.maximum })
    case 'no_registration':
      return m.refusal_no_registration()
    case 'other_registration':
      return otherRegistrationText(refusal)
    case 'not_found':
      return m.refusal_not_found()
    case 'wrong_state':
      return m.refusal_wrong_state({ state: stateText(refusal.state) })
    case 'already_decided':
      return alreadyDecidedText(refusal)
    case 'stale':
      return m.refusal_stale()
    case 'homeserver_unavailable':
      return m.refusal_homeserver_unavailable()
    case 'database_unavailable':
      return m.refusal_database_unavailable()
    case 'homeserver_refuses':
      return m.refusal_homeserver_refuses()
    case 'sign_in_failed':
      return m.refusal_sign_in_failed()
    case 'too_many_tries':
      return m.refusal_too_many_tries({ wait: waitText(refusal.minutes) })
    case 'too_many_sign_ins':
      return m.refusal_too_many_sign_ins({ wait: waitText(refusal.minutes) })
    case 'too_busy':
      return m.refusal_too_busy()
    case 'not_signed_in':
      return m.refusal_not_signed_in()
    case 'sign_in_again':
      return m.refusal_sign_in_again()
    case 'account_used':
      return m.refusal_account_used()
    case 'decision_needed':
      return m.refusal_decision_needed()
    case 'job_not_waiting':
      return m.refusal_job_not_waiting()
    case 'undo_too_late':
      return m.refusal_undo_too_late()
    case 'probation_off':
      return m.refusal_probation_off()
    case 'address_taken':
      return m.refusal_address_taken()
    case 'reopen_too_early':
      return m.refusal_reopen_too_early()
    case 'nothing_asked':
      return m.refusal_nothing_asked()
    case 'claimed':
      return m.refusal_claimed({ by: refusal.by })
    case 'text_missing':
      return m.refusal_text_missing()
    case 'text_too_long':
      return m.refusal_text_too_long({ maximum: refusal.maximum, length: refusal.length })
    case 'category_unknown':
      return m.refusal_category_unknown()
    case 'reply_gone':
      return m.refusal_reply_gone()
    case 'reply_changed':
      return m.refusal_reply_changed()
    case 'reply_title_missing':
      return m.refusal_reply_title_missing()
    case 'reply_title_too_long':
      return m.refusal_reply_title_too_long({ maximum: refusal.maximum })
    case 'reply_placeholder':
      return m.refusal_reply_placeholder({ placeholder: refusal.placeholder })
    case 'password_wrong':
      return m.refusal_password_wrong()
    case 'passkey_refused':
      return m.refusal_passkey_refused()
    case 'passkey_unknown':
      return m.refusal_passkey_unknown()
    case 'passkey_name':
      return m.refusal_passkey_name({ maximum: refusal.maximum })
    case 'passkeys_too_many':
      return m.refusal_passkeys_too_many()
    case 'matrix_id_invalid':
      return m.refusal_matrix_id_invalid()
    case 'matrix_id_foreign':
      return m.refusal_matrix_id_foreign({ domain: refusal.domain })
    case 'matrix_id_taken':
      return m.refusal_matrix_id_taken()
    case 'matrix_id_own':
      return m.refusal_matrix_id_own()
    case 'code_wrong':
      return m.refusal_code_wrong()
    case 'factor_on':
      return m.refusal_factor_on()
    case 'factor_unreadable':
      return m.refusal_factor_unreadable()
    case 'second_factor_needed':
      return m.refusal_second_factor_needed()
    case 'moderator_name_invalid':
      return m.refusal_moderator_name_invalid()
    case 'moderator_name_taken':
      return m.refusal_moderator_name_taken()
    case 'moderator_known':
      return m.refusal_moderator_known()
    case 'moderator_disabled':
      return m.refusal_moderator_disabled()
    case 'last_administrator':
      return m.refusal_last_administrator()
    case 'remind_hours_wrong':
      return m.refusal_remind_hours_wrong({ minimum: refusal.minimum, maximum: refusal.maximum })
    case 'role_too_low':
      return m.refusal_role_too_low()
    case 'rule_value_invalid':
      return RULE_VALUES[refusal.subject]()
    case 'rule_value_invisible':
      return m.refusal_rule_invisible({ after: refusal.after })
    case 'rule_exists':
      return m.refusal_rule_exists()
    case 'rule_over':
      return m.refusal_rule_over()
    case 'rule_misses':
      return m.refusal_rule_misses()
    case 'rule_misses_request':
      return m.refusal_rule_misses_request()
    case 'rule_reason_too_long':
      return m.refusal_rule_reason_too_long({ maximum: refusal.maximum })
    case 'rule_kind_unknown':
      return m.refusal_rule_kind_unknown({ known: listText(refusal.known) })
    case 'rule_effect_unknown':
      return m.refusal_rule_effect_unknown({ known: listText(refusal.known) })
    case 'rule_expires_wrong':
      return m.refusal_rule_expires_wrong()
    case 'list_cells':
      return m.refusal_list_cells()
    case 'list_empty':
      return m.refusal_list_empty()
    case 'list_too_long':
      return m.refusal_list_too_long({ maximum: refusal.maximum, length: refusal.length })
    case 'list_column_missing':
      return m.refusal_list_column_missing()
    case 'list_quotes':
      return m.refusal_list_quotes({ line: refusal.line })
    case 'list_patterns':
      return m.refusal_list_patterns({ maximum: refusal.maximum })
    case 'list_changed':
      return m.refusal_list_changed()
    case 'opening_changed':
      return m.refusal_opening_changed()
    case 'invitation_missing':
      return m.refusal_invitation_missing()
    case 'invitation_unknown':
      return m.refusal_invitation_unknown()
    case 'invitation_over':
      return INVITATIONS_OVER[refusal.why]()
    case 'too_many_codes':
      return m.refusal_too_many_codes({ wait: waitText(refusal.minutes) })
    case 'code_uses_wrong':
      return m.refusal_code_uses_wrong({ minimum: refusal.minimum, maximum: refusal.maximum })
    case 'code_days_wrong':
      return m.refusal_code_days_wrong({ minimum: refusal.minimum, maximum: refusal.maximum })
    case 'code_note_too_long':
      return m.refusal_code_note_too_long({ maximum: refusal.maximum })
    default:
      return refusal satisfies never
  }
}

const INVITATIONS_OVER = {
  ended: m.refusal_invitation_ended,
  expired: m.refusal_invitation_expired,
  used_up: m.refusal_invitation_used_up,
}

const RULE_VALUES = {
  network: m.refusal_rule_network,
  email: m.refusal_rule_email,
  domain: m.refusal_rule_domain,
  username: m.refusal_rule_username,
}

function passwordNeedText(need: PasswordNeed): string {
  switch (need) {
    case 'digit':
      return m.refusal_password_needs_digit()
    case 'symbol':
      return m.refusal_password_needs_symbol()
    case 'lowercase':
      return m.refusal_password_needs_lowercase()
    case 'uppercase':
      return m.refusal_password_needs_uppercase()
    default:
      return need satisfies never
  }
}

function otherRegistrationText({ shown, now }: Extract<Refusal, { code: 'other_registration' }>): string {
  return shown === null
    ? m.refusal_other_registration_unnamed({ now: `@${now}` })
    : m.refusal_other_registration({ shown: `@${shown}`, now: `@${now}` })
}

function alreadyDecidedText({ state, by }: Extract<Refusal, { code: 'already_decided' }>): string {
  if (state === 'withdrawn') return m.refusal_already_withdrawn()
  const words = stateText(state)
  return by === null
    ? m.refusal_already_decided({ state: words })
    : m.refusal_already_decided_by({ state: words, by: authorText(by) })
}
