import * as v from 'valibot'
import type { EmailAddress } from './email'
import type { Language } from './language'
import type { Reason } from './reason'
import type { AccountState, Exchange, Opening, State } from './state'
import type { Username } from './username'

/** One person's wish for an account. Times are milliseconds since 1970. */
export interface Registration {
  id: string
  /** Counts up with every change: who decides on an older one is told so. */
  version: number
  state: State
  username: Username
  /** Whether nobody else can take the name; false until verified, and when it was lost since. */
  holdsName: boolean
  email: EmailAddress
  language: Language
  clientAddress: string
  reason: Reason | null
  /** When the legal documents were accepted, and which version of the homeserver's policy stood there. */
  legalAcceptedAt: number | null
  consentVersion: string | null
  /** A moderator's words to the applicant. */
  message: string | null
  silent: boolean
  decidedBy: string | null
  startedAt: number
  stateSince: number
  remindedAt: number | null
  exchange: Exchange
  /** Why it was denied, by the operator's list; null where nobody said. */
  category: string | null
  /** The moderator who took it for themselves, by id. */
  claimedBy: string | null
  claimedAt: number | null
  /** What an approval stands in place of that was reopened: what it goes back to where it is taken back. */
  denial: Denial | null
  /** The invitation code it came by; null: none, or one that does not count for it. */
  invitationId: string | null
  account: AccountState
  /** Of one that is approved. */
  opening: Opening
}

/** A denial as it was; `since` in milliseconds since 1970. */
export interface Denial {
  decidedBy: string | null
  message: string | null
  silent: boolean
  category: string | null
  since: number
}

const nullableText = v.fallback(v.nullable(v.string()), null)

/** A denial as it is kept. Without its time it cannot be gone back to. */
export const denialSchema: v.GenericSchema<unknown, Denial | null> = v.object({
  decidedBy: nullableText,
  message: nullableText,
  silent: v.fallback(v.boolean(), false),
  category: nullableText,
  since: v.number(),
})

/** Who did it. A moderator is named by id. */
export type Actor = { kind: 'applicant' } | { kind: 'system' } | { kind: 'moderator'; id: string }

/** What happened, for the audit trail; holds nothing personal, as it outlives the registration. */
export interface AuditEvent {
  kind: EventKind
  detail?: EventDetail
}

export type EventDetail = Record<string, string | number | boolean>

/** What an event tells besides its kind, as it is kept; what is deeper than that is left out. */
export const detailSchema: v.GenericSchema<unknown, EventDetail | null> = v.pipe(
  v.record(v.string(), v.unknown()),
  v.transform((kept) => {
    const detail: EventDetail = {}
    for (const [name, value] of Object.entries(kept))
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        detail[name] = value
    return detail
  }),
)

export const EVENT_KINDS = [
  'started',
  'started_again',
  'link_asked',
  'verified',
  'name_lost',
  'name_chosen',
  'requested',
  'approved',
  'denied',
  'password_set',
  'account_claimed',
  'account_locked',
  'account_filled',
  'account_revived',
  'account_opened',
  'account_closed',
  'account_removed',
  'account_doubtful',
  'account_adopted',
  'account_left',
  'account_missing',
  'found_open',
  'found_removed',
  'reminded',
  'withdrawn',
  'gone',
  'job_done',
  'job_failed',
  'job_retried',
  'job_dismissed',
  'undone',
  'reopened',
  'approved_anew',
  'asked',
  'answered',
  'note_added',
  'taken',
  'released',
  'signed_in',
  'sign_in_failed',
  'password_guessed_at',
  'signed_out',
  'session_ended',
  'password_changed',
  'second_factor_on',
  'second_factor_off',
  'recovery_codes_made',
  'recovery_code_used',
  'passkey_added',
  'passkey_removed',
  'address_changed',
  'address_confirmed',
  'moderator_invited',
  'invitation_withdrawn',
  'moderator_joined',
  'moderator_disabled',
  'moderator_enabled',
  'role_changed',
  'settings_changed',
  'registration_closed',
  'registration_opened',
  'rule_added',
  'rule_ended',
  'rules_imported',
  'invitation_code_made',
  'invitation_code_ended',
  'reply_saved',
  'reply_deleted',
  'exported',
  'access_refused',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]
