import * as v from 'valibot'
import type { EmailAddress } from './email'
import type { Language } from './language'
import type { Reason } from './reason'
import {
  PROBATIONS,
  type AccountState,
  type Exchange,
  type Opening,
  type PasswordMode,
  type Probation,
  type State,
} from './state'
import type { Username } from './username'

/** One applicant's request for an account. Times are milliseconds since 1970. */
export interface Registration {
  id: string
  /** Incremented with every change: whoever decides on an older version is told so. */
  version: number
  state: State
  username: Username
  /** Whether the username is reserved; false until verified, and if it was lost since. */
  holdsName: boolean
  email: EmailAddress
  language: Language
  clientAddress: string
  reason: Reason | null
  /** When the legal documents were accepted, and the homeserver's policy version at that time. */
  legalAcceptedAt: number | null
  consentVersion: string | null
  /** A moderator's message to the applicant. */
  message: string | null
  silent: boolean
  decidedBy: string | null
  /** The undo window of its decision in milliseconds; null: the configured one. */
  restMs: number | null
  startedAt: number
  stateSince: number
  remindedAt: number | null
  exchange: Exchange
  /** The denial reason, from the operator's list; null if none was given. */
  category: string | null
  /** The moderator it is assigned to, by ID. */
  claimedBy: string | null
  claimedAt: number | null
  /** For an approval that reopened a denial: the denial, to return to if it is undone. */
  denial: Denial | null
  /** Of an approved one. */
  probation: Probation
  /** When the probation ends; null unless it is running or ending. */
  probationUntil: number | null
  /** For a denial that ended a probation: the approval, to return to if it is undone. */
  approval: Approval | null
  /** The invitation code it used; null: none, or one that is not valid for it. */
  invitationId: string | null
  /**
   * When the applicant sets the password, whatever the program's setting is; null: as it says. Set for requests that
   * another program accepted without a password.
   */
  passwordMode: PasswordMode | null
  account: AccountState
  /** Of an approved one. */
  opening: Opening
}

/** A registration to which nothing has happened yet. */
export const UNTOUCHED = {
  version: 1,
  state: 'started',
  holdsName: false,
  reason: null,
  legalAcceptedAt: null,
  consentVersion: null,
  message: null,
  silent: false,
  decidedBy: null,
  restMs: null,
  remindedAt: null,
  exchange: 'none',
  category: null,
  claimedBy: null,
  claimedAt: null,
  denial: null,
  probation: 'none',
  probationUntil: null,
  approval: null,
  passwordMode: null,
  account: 'none',
  opening: 'under_way',
} as const satisfies Partial<Registration>

/** The earlier denial; `since` in milliseconds since 1970. */
export interface Denial {
  decidedBy: string | null
  message: string | null
  silent: boolean
  category: string | null
  since: number
}

/** An approval whose probation was ended by a denial; `since` and `until` in milliseconds since 1970. */
export interface Approval {
  decidedBy: string | null
  message: string | null
  silent: boolean
  since: number
  probation: Probation
  until: number | null
}

const nullableText = v.fallback(v.nullable(v.string()), null)

/** A denial as stored. Without its time it cannot be restored. */
export const denialSchema: v.GenericSchema<unknown, Denial | null> = v.object({
  decidedBy: nullableText,
  message: nullableText,
  silent: v.fallback(v.boolean(), false),
  category: nullableText,
  since: v.number(),
})

/** An approval as stored. */
export const approvalSchema: v.GenericSchema<unknown, Approval | null> = v.object({
  decidedBy: nullableText,
  message: nullableText,
  silent: v.fallback(v.boolean(), false),
  since: v.number(),
  probation: v.fallback(v.picklist(PROBATIONS), 'running'),
  until: v.fallback(v.nullable(v.number()), null),
})

/**
 * The actor. A moderator is given by ID, and with the event in the moderators' room where it was done there; the operator
 * at the command line has no account here.
 */
export type Actor =
  | { kind: 'applicant' }
  | { kind: 'system' }
  | { kind: 'command_line' }
  | { kind: 'moderator'; id: string; roomEvent?: string }

/** Who decides, invites, closes: what is stored for the command line where others have a moderator's ID. No ID is that. */
export const COMMAND_LINE = 'command line'

/** Whoever is stored under this ID: a moderator, or the command line. */
export const byAuthor = (id: string) =>
  id === COMMAND_LINE ? ({ kind: 'command_line' } as const) : byModerator(id)
/** A moderator, or the command line. */
export type Author = ReturnType<typeof byAuthor>
/** The ID that is stored for them. */
export const authorId = (author: Author): string => (author.kind === 'moderator' ? author.id : COMMAND_LINE)

/** The moderator with this ID, as who does something. */
export const byModerator = (id: string) => ({ kind: 'moderator', id }) as const

/** What happened, for the audit log; contains nothing personal, because it outlives the registration. */
export interface AuditEvent {
  kind: EventKind
  detail?: EventDetail
}

export type EventDetail = Record<string, string | number | boolean>

/** Additional data of an event, as stored; deeper structures are dropped. */
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
  'imported',
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
  'probation_ended',
  'account_unsuspended',
  'found_unsuspended',
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
