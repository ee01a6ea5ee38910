import type { EmailAddress } from './email'
import type { Language } from './language'
import type { Reason } from './reason'
import type { AccountState, State } from './state'
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
  account: AccountState
}

/** Who did it. A moderator is named by id. */
export type Actor = { kind: 'applicant' } | { kind: 'system' } | { kind: 'moderator'; id: string }

/** What happened, for the audit trail; holds nothing personal, as it outlives the registration. */
export interface AuditEvent {
  kind: EventKind
  detail?: Record<string, string | number | boolean>
}

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
] as const
export type EventKind = (typeof EVENT_KINDS)[number]
