import { listText } from '$lib/text/list-text'
import { m } from '$lib/paraglide/messages'
import { getLocale } from '$lib/paraglide/runtime'
import type { JobKind, JobState } from '$lib/registration/job'
import type { MailKind } from '$lib/registration/mail-job'
import type { EventKind } from '$lib/registration/registration'
import { SIGNS, type Sign } from '$lib/registration/signs'
import type { AccountState } from '$lib/registration/state'
import type { JobView } from '$lib/registration/views'

type Words<K extends string> = Record<K, () => string>

export const ACCOUNTS: Words<AccountState> = {
  none: m.desk_account_none,
  claiming: m.desk_account_claiming,
  doubtful: m.desk_account_doubtful,
  claimed: m.desk_account_claimed,
  locked: m.desk_account_locked,
  filled: m.desk_account_filled,
  open: m.desk_account_open,
  removed: m.desk_account_removed,
  reviving: m.desk_account_reviving,
}

export const EVENTS: Words<EventKind> = {
  started: m.event_started,
  started_again: m.event_started_again,
  link_asked: m.event_link_asked,
  verified: m.event_verified,
  name_lost: m.event_name_lost,
  name_chosen: m.event_name_chosen,
  requested: m.event_requested,
  approved: m.event_approved,
  denied: m.event_denied,
  password_set: m.event_password_set,
  account_claimed: m.event_account_claimed,
  account_locked: m.event_account_locked,
  account_filled: m.event_account_filled,
  account_revived: m.event_account_revived,
  account_opened: m.event_account_opened,
  account_closed: m.event_account_closed,
  account_removed: m.event_account_removed,
  account_doubtful: m.event_account_doubtful,
  account_adopted: m.event_account_adopted,
  account_left: m.event_account_left,
  imported: m.event_imported,
  account_missing: m.event_account_missing,
  found_open: m.event_found_open,
  found_removed: m.event_found_removed,
  probation_ended: m.event_probation_ended,
  account_unsuspended: m.event_account_unsuspended,
  found_unsuspended: m.event_found_unsuspended,
  reminded: m.event_reminded,
  withdrawn: m.event_withdrawn,
  gone: m.event_gone,
  job_done: m.event_job_done,
  job_failed: m.event_job_failed,
  job_retried: m.event_job_retried,
  job_dismissed: m.event_job_dismissed,
  undone: m.event_undone,
  reopened: m.event_reopened,
  approved_anew: m.event_approved_anew,
  asked: m.event_asked,
  answered: m.event_answered,
  note_added: m.event_note_added,
  taken: m.event_taken,
  released: m.event_released,
  signed_in: m.event_signed_in,
  sign_in_failed: m.event_sign_in_failed,
  password_guessed_at: m.event_password_guessed_at,
  signed_out: m.event_signed_out,
  session_ended: m.event_session_ended,
  password_changed: m.event_password_changed,
  second_factor_on: m.event_second_factor_on,
  second_factor_off: m.event_second_factor_off,
  recovery_codes_made: m.event_recovery_codes_made,
  recovery_code_used: m.event_recovery_code_used,
  passkey_added: m.event_passkey_added,
  passkey_removed: m.event_passkey_removed,
  address_changed: m.event_address_changed,
  address_confirmed: m.event_address_confirmed,
  matrix_id_linked: m.event_matrix_id_linked,
  matrix_id_unlinked: m.event_matrix_id_unlinked,
  moderator_invited: m.event_moderator_invited,
  invitation_withdrawn: m.event_invitation_withdrawn,
  moderator_joined: m.event_moderator_joined,
  moderator_disabled: m.event_moderator_disabled,
  moderator_enabled: m.event_moderator_enabled,
  role_changed: m.event_role_changed,
  settings_changed: m.event_settings_changed,
  registration_closed: m.event_registration_closed,
  registration_opened: m.event_registration_opened,
  rule_added: m.event_rule_added,
  rule_ended: m.event_rule_ended,
  rules_imported: m.event_rules_imported,
  invitation_code_made: m.event_invitation_code_made,
  invitation_code_ended: m.event_invitation_code_ended,
  reply_saved: m.event_reply_saved,
  reply_deleted: m.event_reply_deleted,
  exported: m.event_exported,
  access_refused: m.event_access_refused,
}

export const JOB_STATES: Words<JobState> = {
  waiting: m.desk_job_waiting,
  running: m.desk_job_running,
  done: m.desk_job_done,
  failed: m.desk_job_failed,
  cancelled: m.desk_job_cancelled,
}

const JOBS: Words<JobKind> = {
  mail: m.job_mail,
  open_account: m.job_open_account,
  remove_account: m.job_remove_account,
  lock_account: m.job_lock_account,
  lift_suspension: m.job_lift_suspension,
  bind_address: m.job_bind_address,
  consent: m.job_consent,
  join_room: m.job_join_room,
  welcome: m.job_welcome,
  notify_room: m.job_notify_room,
  notify_room_decided: m.job_notify_room_decided,
  ask_matrix_id: m.job_ask_matrix_id,
  notify_room_again: m.job_notify_room_again,
  answer_in_room: m.job_answer_in_room,
  notify_moderators: m.job_notify_moderators,
  notify_person: m.job_notify_person,
  warn_outage: m.job_warn_outage,
  warn_auto_join: m.job_warn_auto_join,
  warn_opening: m.job_warn_opening,
}

const MAILS: Words<MailKind> = {
  verification: m.mailkind_verification,
  known_address: m.mailkind_known_address,
  unknown_address: m.mailkind_unknown_address,
  invitation: m.mailkind_invitation,
  confirm_moderator: m.mailkind_confirm_moderator,
  requested: m.mailkind_requested,
  approved: m.mailkind_approved,
  set_password: m.mailkind_set_password,
  probation_over: m.mailkind_probation_over,
  denied: m.mailkind_denied,
  question: m.mailkind_question,
}

/** The signs that somebody else has an account. */
export const SIGN_WORDS: Words<Sign> = {
  unlocked: m.sign_unlocked,
  deactivated: m.sign_deactivated,
  devices: m.sign_devices,
  used: m.sign_used,
  contacts: m.sign_contacts,
  external_ids: m.sign_external_ids,
  display_name: m.sign_display_name,
  avatar: m.sign_avatar,
  administrator: m.sign_administrator,
  special: m.sign_special,
  consent: m.sign_consent,
}

/** The kind of a job, even of one that another version of this program wrote. */
const jobWords = (kind: string): string =>
  Object.entries(JOBS).find(([name]) => name === kind)?.[1]() ?? m.job_unknown({ kind })

/** What an event is, even one that another version of this program wrote. */
const eventWords = (kind: string): string =>
  Object.entries(EVENTS).find(([name]) => name === kind)?.[1]() ?? m.event_unknown({ kind })

/** What a job does, and which email, room or address it is about. */
export function jobText(kind: string, about: string | null): string {
  if (about === null) return jobWords(kind)
  const mail = Object.entries(MAILS).find(([name]) => name === about)?.[1]
  return kind === 'mail' ? `${jobWords(kind)} (${mail?.() ?? about})` : `${jobWords(kind)} ${about}`
}

/** An event of the activity, with the job that it is about, or how often it was repeated. */
export function eventText(kind: EventKind, detail: Record<string, string | number | boolean> | null): string {
  const more = detail?.['more']
  if (typeof more === 'number') {
    const shown = new Intl.NumberFormat(getLocale()).format(more)
    return `${m.labelled({ label: EVENTS[kind]() })} ${m.event_more({ count: more, shown })}`
  }
  if (kind === 'approved' && detail?.['inviter'] !== undefined)
    return m.event_approved_by_invitation({ name: String(detail['inviter']) })
  if (detail?.['probation'] === true && kind === 'approved') return m.event_approved_on_probation()
  if (detail?.['probation'] === true && kind === 'denied') return m.event_denied_on_probation()
  if (kind === 'account_doubtful' && detail?.['signs'] !== undefined) {
    const shown = String(detail['signs']).split(' ')
    const words = SIGNS.filter((sign) => shown.includes(sign)).map((sign) => SIGN_WORDS[sign]())
    return `${m.labelled({ label: eventWords(kind) })} ${listText(words)}`
  }
  const { job, ...others } = detail ?? {}
  if (job === undefined) return eventWords(kind)
  const [about] = Object.values(others)
  const named = jobText(String(job), about === undefined ? null : String(about))
  return `${m.labelled({ label: eventWords(kind) })} ${named}`
}

/** Whether a job needs a moderator's attention: it failed, or its last attempt did. */
export const needsEye = ({ state, error }: JobView): boolean =>
  state === 'failed' || (state === 'waiting' && error !== null)
