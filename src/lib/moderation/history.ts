import * as v from 'valibot'
import { EVENT_KINDS, type EventKind } from '$lib/registration/registration'
import type { Role } from './moderator'
import { can } from './permission'
import { DAY } from '../registration/time'

/** Groups of events, in the order in which pages offer them. */
export const EVENT_GROUPS = [
  'decisions',
  'talk',
  'registrations',
  'accounts',
  'jobs',
  'rules',
  'people',
  'sign_ins',
] as const
export type EventGroup = (typeof EVENT_GROUPS)[number]

const GROUP_OF: Record<EventKind, EventGroup> = {
  started: 'registrations',
  started_again: 'registrations',
  link_asked: 'registrations',
  verified: 'registrations',
  name_lost: 'registrations',
  name_chosen: 'registrations',
  requested: 'registrations',
  approved: 'decisions',
  denied: 'decisions',
  password_set: 'registrations',
  imported: 'registrations',
  account_claimed: 'accounts',
  account_locked: 'accounts',
  account_filled: 'accounts',
  account_revived: 'accounts',
  account_opened: 'accounts',
  account_closed: 'accounts',
  account_removed: 'accounts',
  account_doubtful: 'accounts',
  account_adopted: 'accounts',
  account_left: 'accounts',
  account_missing: 'accounts',
  found_open: 'accounts',
  found_removed: 'accounts',
  probation_ended: 'decisions',
  account_unsuspended: 'accounts',
  found_unsuspended: 'accounts',
  reminded: 'registrations',
  withdrawn: 'registrations',
  gone: 'registrations',
  job_done: 'jobs',
  job_failed: 'jobs',
  job_retried: 'jobs',
  job_dismissed: 'jobs',
  undone: 'decisions',
  reopened: 'decisions',
  approved_anew: 'decisions',
  asked: 'talk',
  answered: 'talk',
  note_added: 'talk',
  taken: 'decisions',
  released: 'decisions',
  signed_in: 'sign_ins',
  sign_in_failed: 'sign_ins',
  password_guessed_at: 'sign_ins',
  signed_out: 'sign_ins',
  session_ended: 'sign_ins',
  password_changed: 'sign_ins',
  second_factor_on: 'sign_ins',
  second_factor_off: 'sign_ins',
  recovery_codes_made: 'sign_ins',
  recovery_code_used: 'sign_ins',
  passkey_added: 'sign_ins',
  passkey_removed: 'sign_ins',
  address_changed: 'people',
  address_confirmed: 'people',
  matrix_id_linked: 'people',
  matrix_id_unlinked: 'people',
  moderator_invited: 'people',
  invitation_withdrawn: 'people',
  moderator_joined: 'people',
  moderator_disabled: 'people',
  moderator_enabled: 'people',
  role_changed: 'people',
  settings_changed: 'people',
  registration_closed: 'rules',
  registration_opened: 'rules',
  rule_added: 'rules',
  rule_ended: 'rules',
  rules_imported: 'rules',
  invitation_code_made: 'rules',
  invitation_code_ended: 'rules',
  reply_saved: 'rules',
  reply_deleted: 'rules',
  exported: 'people',
  access_refused: 'people',
}

/** The kinds of a group, in the order of `EVENT_KINDS`. */
export const kindsOf = (group: EventGroup): EventKind[] =>
  EVENT_KINDS.filter((kind) => GROUP_OF[kind] === group)

const isEventGroup = (what: string): what is EventGroup => EVENT_GROUPS.some((group) => group === what)

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
/** A UTC day that exists in the calendar: not February 31. */
const day = v.pipe(
  v.string(),
  v.isoDate(),
  v.check((text) => {
    const at = Date.parse(text)
    return !Number.isNaN(at) && dayOf(at) === text
  }),
)
/**
 * An ID of a registration or a moderator, never an email address, so that an export's filter brings none into the
 * log.
 */
const id = v.pipe(v.string(), v.trim(), v.regex(/^[\w-]{0,64}$/))
/** Forms send empty fields for filters that are not set. */
const optional = <S extends v.GenericSchema<string, string>>(schema: S) =>
  v.optional(v.union([schema, v.literal('')]))

/**
 * What to show of the audit log; empty text counts as not set. `who`: kinds of actors, or a moderator's ID. `what`: a
 * group or a kind. `from` and `to`: UTC days, both included.
 */
export const historyFilterSchema = v.object({
  who: optional(id),
  what: optional(v.picklist([...EVENT_GROUPS, ...EVENT_KINDS])),
  registration: optional(id),
  from: optional(day),
  to: optional(day),
})
export type HistoryFilter = v.InferOutput<typeof historyFilterSchema>

/** Kinds of actors; anything else in `who` is a moderator's ID. */
const SIDES = {
  people: 'people',
  applicants: 'applicant',
  system: 'system',
  command_line: 'command_line',
  moderators: 'moderator',
} as const
const HISTORY_SIDES = ['people', 'applicants', 'system', 'command_line', 'moderators'] as const

/** What takes a permission to know about others: who signs in when and how, and who the moderators are. */
const PERSONAL: EventKind[] = [...kindsOf('people'), ...kindsOf('sign_ins')]

/** A filter as a database query; null: not set. Times in milliseconds since 1970, `until` exclusive. */
export interface HistoryQuery {
  /** `people`: applicants and moderators. */
  actor: 'people' | 'applicant' | 'system' | 'command_line' | 'moderator' | null
  moderatorId: string | null
  kinds: EventKind[] | null
  registrationId: string | null
  from: number | null
  until: number | null
  /** Of these kinds, only what this moderator did; null: all kinds, by everybody. */
  own: { kinds: EventKind[]; moderatorId: string } | null
}

/** `moderator`: the viewer. Of personal events, those without the permission see only their own. */
export function historyQuery(filter: HistoryFilter, moderator: { id: string; role: Role }): HistoryQuery {
  const { who = '', what = '', registration = '', from = '', to = '' } = filter
  const side = HISTORY_SIDES.find((name) => name === who)
  return {
    actor: side === undefined ? null : SIDES[side],
    moderatorId: side === undefined && who !== '' ? who : null,
    kinds: what === '' ? null : isEventGroup(what) ? kindsOf(what) : [what],
    registrationId: registration === '' ? null : registration,
    from: from === '' ? null : Date.parse(from),
    until: to === '' ? null : Date.parse(to) + DAY,
    own: can(moderator.role, 'read-personal-events') ? null : { kinds: PERSONAL, moderatorId: moderator.id },
  }
}

/** The parts of a filter that are set: for an export, or for the audit log itself. */
export function filterWishes(filter: HistoryFilter): Record<string, string> {
  const { who = '', what = '', registration = '', from = '', to = '' } = filter
  const wishes = Object.entries({ who, what, registration, from, to })
  return Object.fromEntries(wishes.filter(([, value]) => value !== ''))
}

/** The same for a link to the log, which says "anyone" where that was asked for: else the log opens as usual. */
export const linkWishes = (filter: HistoryFilter): Record<string, string> => ({
  ...filterWishes(filter),
  ...(filter.who === '' ? { who: '' } : {}),
})

/** What the log opens with: what people did, without the many entries of the program between. */
export function openingFilter(filter: HistoryFilter): HistoryFilter {
  const { who, what = '', registration = '' } = filter
  return who === undefined && what === '' && registration === '' ? { ...filter, who: 'people' } : filter
}
