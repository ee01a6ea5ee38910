import type { Invitations, Voucher } from './invited'
import type { NewJob } from './job'
import type { Language } from './language'
import type { Reason } from './reason'
import type { Refused } from './refusal'
import type { AuditEvent, Registration } from './registration'
import type { Retention } from './retention'
import type { AccountState, PasswordMode, State } from './state'
import { LONGEST_AHEAD_MS } from './time'
import type { Username } from './username'
import type { BroughtAlong, Wish } from './wish'

/** The operator's settings that decisions depend on, and the time they are made at. */
export interface Policy {
  now: number
  /** For registrations that have no `passwordMode` of their own. */
  password: PasswordMode
  invitations: Invitations
  retention: Retention
  /** Rooms that every new account joins. */
  autoJoin: string[]
  welcome: boolean
  /** Whether the moderators have a room for notifications. */
  moderatorsRoom: boolean
  /** The undo window: how long a decision can be undone before it is carried out, in milliseconds. */
  undoMs: number
  /** Whether moderators can approve on probation, and how long it takes, in milliseconds. */
  probation: boolean
  probationMs: number
  /** How long a request stays assigned to an inactive moderator, in milliseconds. */
  claimMs: number
}

/** A moderator's verdict. The message is for the applicant; silent means that no email is sent. */
export interface Verdict {
  moderator: string
  message: string | null
  silent: boolean
  /** The denial reason. */
  category?: string | null
  /** Refused if the request is assigned to a colleague. */
  unlessClaimed?: boolean
  /** An approval on probation: the account is suspended on the homeserver for a while. */
  probation?: boolean
  /** An undo window of its own, in milliseconds, in place of the configured one. */
  restMs?: number
}

export type Action =
  /** The same email address again, before it was confirmed: every link that was sent keeps its own data. */
  | ({ type: 'start_again' } & Wish)
  /** The email address is known: its owner gets a link to the registration; before it is confirmed, one for `wish`. */
  | { type: 'ask_link'; wish: Wish }
  /** `language`: of the page that confirms. `brought`: with the link; missing for links from before it was stored. */
  | {
      type: 'confirm'
      username: Username
      language: Language
      brought?: BroughtAlong | null
      nameFree: boolean
    }
  | { type: 'lose_name' }
  /** Somebody else has the account, and so the username. `filled`: the password was set already. */
  | { type: 'lose_account'; filled: boolean }
  | { type: 'choose_name'; username: Username }
  /** The input is kept, even if the homeserver does not answer. */
  | { type: 'keep_reason'; reason: Reason }
  /** An invitation in place of one that is no longer valid. */
  | { type: 'bring'; invitationId: string }
  /** `lookCloser`: a rule requires a review, whatever invitation was used. */
  | {
      type: 'request'
      reason: Reason
      legalAccepted: boolean
      consentVersion: string | null
      lookCloser: boolean
    }
  /** Approves in the name of the invitation's creator; follows from a request only. */
  | { type: 'admit'; voucher: Voucher; invitationId: string }
  | ({ type: 'approve' } & Verdict)
  | ({ type: 'deny' } & Verdict)
  /**
   * Undoes a pending decision. `nameFree`: nobody else holds the username; `told`: its applicant knows of the approval, as
   * they have set the password since; `since`: when it was requested.
   */
  | { type: 'undo'; nameFree: boolean; told: boolean; since: number }
  /**
   * Approves a denied request. `nameFree`: nobody else holds the username, nor an account under it that was ever
   * active; `removing`: the account of the denial still has to be removed.
   */
  | ({ type: 'reopen'; nameFree: boolean; removing: boolean } & Verdict)
  /** A question to the applicant. */
  | { type: 'ask'; moderator: string; text: string }
  /** The applicant's answer. */
  | { type: 'answer'; text: string }
  /** For colleagues alone. */
  | { type: 'note'; moderator: string; text: string }
  /** Assigns the request to a moderator; `over`: even if it is assigned to a colleague. */
  | { type: 'take'; moderator: string; over: boolean }
  | { type: 'release'; moderator: string }
  /** `accepted`: the legal documents, which nobody had asked about before. */
  | { type: 'password_set'; accepted?: { consentVersion: string | null } }
  /** `suspended`: it was suspended before. `unjoined`: rooms that it could not join before that. */
  | { type: 'opened'; suspended?: boolean; unjoined?: string[] }
  /** Ends a probation; `early`: before its time. */
  | { type: 'end_probation'; early: boolean }
  /** The suspension was lifted on the homeserver. */
  | { type: 'unsuspended' }
  | { type: 'withdraw' }
  | { type: 'speak'; language: Language }
  | { type: 'remind' }
  | { type: 'expire' }
  // After restoring an older backup (`differences.ts`); the record was corrected before.
  /** The account was unlocked, and this database lost that: nothing is announced or done a second time. */
  | { type: 'found_open'; suspended?: boolean }
  /** The account was removed, and this database lost that: whoever removed it had decided. */
  | { type: 'found_removed' }
  /** The homeserver lost the account, and the password with it. */
  | { type: 'account_missing' }
  /** Approved, but no job is queued to unlock the account. */
  | { type: 'resume_opening' }
  /** On probation, but the suspension was lifted, and this database lost that. */
  | { type: 'found_unsuspended' }
  /** The probation is ending, but no job is queued to lift the suspension. */
  | { type: 'resume_unsuspending' }

/** The consequences of an action; `next: null` means that the registration is deleted. */
export type Decision =
  | {
      ok: true
      next: Registration | null
      events: AuditEvent[]
      jobs: NewJob[]
      /** Text that is stored beside the registration, and its author. */
      wrote?: Wrote
      /** Counts a use of the registration's invitation. */
      uses?: true
      /** What the system does next, in the same transaction. */
      then?: Action
      /** The account's new state in the records. */
      ledger?: AccountState
      /** Delays the jobs by this many milliseconds. */
      rest?: number
      /** Cancels the jobs that would unlock the account; if it may be unlocked by then, it is locked again. */
      stops?: true
      /** Cancels pending jobs; if one has started, it is too late for the whole action, except for what `stops`. */
      recall?: true
    }
  | Refused

/** The author is the actor. */
export interface Wrote {
  where: 'exchange' | 'note'
  text: string
}

export type Become = (to: State) => Registration

export const YES = (next: Registration | null, events: AuditEvent[], jobs: NewJob[] = []) =>
  ({ ok: true, next, events, jobs }) satisfies Decision

/** What is decided in the moderators' room can be undone at least as long, in milliseconds: a phone is slow. */
export const ROOM_UNDO_MS = 60_000

/** How long a decision can be undone after it was made, in milliseconds. */
export const undoWindow = ({ restMs }: Pick<Registration, 'restMs'>, { undoMs }: Pick<Policy, 'undoMs'>) =>
  restMs ?? undoMs

/** Whether a moderator's decision is still within its undo window. */
export function isResting(registration: Registration, policy: Pick<Policy, 'now' | 'undoMs'>): boolean {
  const { state, stateSince, decidedBy } = registration
  const isDecided = (state === 'approved' || state === 'denied') && decidedBy !== null
  const leftMs = stateSince + undoWindow(registration, policy) - policy.now
  return isDecided && leftMs > 0 && leftMs <= LONGEST_AHEAD_MS
}

/** The state as shown to the applicant: a decision that can still be undone has not been made yet. */
export function stateForApplicant(registration: Registration, policy: Pick<Policy, 'now' | 'undoMs'>): State {
  if (!isResting(registration, policy)) return registration.state
  if (registration.approval !== null) return 'completed'
  return registration.denial === null ? 'requested' : 'denied'
}
