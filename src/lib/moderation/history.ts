import * as v from 'valibot'
import { EVENT_KINDS, type EventKind } from '$lib/registration/registration'
import { DAY } from '../registration/retention'
import type { Role } from './moderator'

/** What events are filed under, in the order in which pages offer it. */
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
/** A day in UTC, that the calendar has: the 31st of February is none. */
const day = v.pipe(
  v.string(),
  v.isoDate(),
  v.check((text) => {
    const at = Date.parse(text)
    return !Number.isNaN(at) && dayOf(at) === text
  }),
)
/** Of a registration or a moderator; an address is none, and so never gets into the log by an export's filter. */
const id = v.pipe(v.string(), v.trim(), v.regex(/^[\w-]{0,64}$/))
/** Forms send empty fields for what is not wished. */
const optional = <S extends v.GenericSchema<string, string>>(schema: S) =>
  v.optional(v.union([schema, v.literal('')]))

/**
 * What to show of the audit log; an empty text is no wish, as none is. `who`: a side, or a moderator's id. `what`: a group or a
 * kind. `from` and `to`: days in UTC, both included.
 */
export const historyFilterSchema = v.object({
  who: optional(id),
  what: optional(v.picklist([...EVENT_GROUPS, ...EVENT_KINDS])),
  registration: optional(id),
  from: optional(day),
  to: optional(day),
})
export type HistoryFilter = v.InferOutput<typeof historyFilterSchema>

/** Sides that events come from; anything else in `who` is a moderator's id. */
const SIDES = { applicants: 'applicant', system: 'system', moderators: 'moderator' } as const
export const HISTORY_SIDES = ['applicants', 'system', 'moderators'] as const

/** What is an administrator's to know of others: who signs in when and with what, and who is who at the desk. */
const PERSONAL: EventKind[] = [...kindsOf('people'), ...kindsOf('sign_ins')]

/** A filter as a database asks it; null: no wish. Times in milliseconds since 1970, `until` not included. */
export interface HistoryQuery {
  actor: 'applicant' | 'system' | 'moderator' | null
  moderatorId: string | null
  kinds: EventKind[] | null
  registrationId: string | null
  from: number | null
  until: number | null
  /** Of these kinds, what this moderator did alone; null: of all kinds, what everybody did. */
  own: { kinds: EventKind[]; moderatorId: string } | null
}

/** `moderator`: who looks. Of what concerns people, administrators see everything, and others what they did. */
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
    own: moderator.role === 'administrator' ? null : { kinds: PERSONAL, moderatorId: moderator.id },
  }
}

/** The wishes of a filter that are there: for a link, or for the audit log itself. */
export function filterWishes(filter: HistoryFilter): Record<string, string> {
  const { who = '', what = '', registration = '', from = '', to = '' } = filter
  const wishes = Object.entries({ who, what, registration, from, to })
  return Object.fromEntries(wishes.filter(([, value]) => value !== ''))
}
