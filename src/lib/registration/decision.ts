import type { Invitations, Voucher } from './invited'
import type { NewJob } from './job'
import type { Language } from './language'
import type { Reason } from './reason'
import type { Refused } from './refusal'
import type { AuditEvent, Registration } from './registration'
import type { Retention } from './retention'
import type { AccountState, State } from './state'
import type { Username } from './username'
import type { BroughtAlong, Wish } from './wish'

/** What the operator configured, as far as decisions depend on it, and the time they are made at. */
export interface Policy {
  now: number
  password: 'at_request' | 'after_approval'
  invitations: Invitations
  retention: Retention
  /** Rooms that every new account joins. */
  autoJoin: string[]
  welcome: boolean
  /** Whether the moderators have a room to be told in. */
  moderatorsRoom: boolean
  /** How long a decision rests before anything is done about it, in milliseconds: so long it can be taken back. */
  undoMs: number
  /** How long a request stays a moderator's own without a sign of life, in milliseconds. */
  claimMs: number
}

/** A moderator's verdict. The message is for the applicant; silent means that no mail tells of it. */
export interface Verdict {
  moderator: string
  message: string | null
  silent: boolean
  /** What a denial is filed under. */
  category?: string | null
}

export type Action =
  /** The same address again, before it was confirmed: every link mailed keeps what came with it. */
  | ({ type: 'start_again' } & Wish)
  /** The address is known: its owner gets a link to where the registration stands; before it is confirmed, one for `wish`. */
  | { type: 'ask_link'; wish: Wish }
  /** `brought`: with the link; none where that is of a time before it was kept. */
  | { type: 'confirm'; username: Username; brought?: BroughtAlong | null; nameFree: boolean }
  | { type: 'lose_name' }
  /** The account is in other hands, and the name with it. `filled`: the password was set already. */
  | { type: 'lose_account'; filled: boolean }
  | { type: 'choose_name'; username: Username }
  /** What was typed stays, also when the homeserver does not answer. */
  | { type: 'keep_reason'; reason: Reason }
  /** An invitation in place of one that does not count any more. */
  | { type: 'bring'; invitationId: string }
  /** `lookCloser`: a rule wants a person to look at it, whatever came with it. */
  | {
      type: 'request'
      reason: Reason
      legalAccepted: boolean
      consentVersion: string | null
      lookCloser: boolean
    }
  /** Approves in the name of whoever made the invitation; follows from a request alone. */
  | { type: 'admit'; voucher: Voucher; invitationId: string }
  | ({ type: 'approve' } & Verdict)
  | ({ type: 'deny' } & Verdict)
  /** Takes a decision back that still rests. `nameFree`: nobody else holds the name; `since`: when it was asked for. */
  | { type: 'undo'; nameFree: boolean; since: number }
  /**
   * Approves what was denied. `nameFree`: nobody else holds the name, nor an account under it that was ever opened;
   * `removing`: the account of the denial is still to be removed.
   */
  | ({ type: 'reopen'; nameFree: boolean; removing: boolean } & Verdict)
  /** A question to the applicant. */
  | { type: 'ask'; moderator: string; text: string }
  /** The applicant's answer. */
  | { type: 'answer'; text: string }
  /** For colleagues alone. */
  | { type: 'note'; moderator: string; text: string }
  /** A moderator takes the request for themselves; `over`: also where a colleague has it. */
  | { type: 'take'; moderator: string; over: boolean }
  | { type: 'release'; moderator: string }
  | { type: 'password_set' }
  | { type: 'opened' }
  | { type: 'withdraw' }
  | { type: 'speak'; language: Language }
  | { type: 'remind' }
  | { type: 'expire' }
  // After a restore of an older copy (`differences.ts`); the ledger was put right before.
  /** The account was opened, and this database forgot: nothing is said or done a second time. */
  | { type: 'found_open' }
  /** The account was removed, and this database forgot: whoever did that had decided. */
  | { type: 'found_removed' }
  /** The homeserver forgot the account, and the password with it. */
  | { type: 'account_missing' }
  /** Approved, and nothing is on its way that opens the account. */
  | { type: 'resume_opening' }

/** What follows from an action; `next: null` means that the registration is gone. */
export type Decision =
  | {
      ok: true
      next: Registration | null
      events: AuditEvent[]
      jobs: NewJob[]
      /** Words that are kept beside the registration, and whose they are. */
      wrote?: Wrote
      /** A use of the registration's invitation is counted. */
      uses?: true
      /** What the system does next, in the same transaction. */
      then?: Action
      /** What the ledger says of the account from then on. */
      ledger?: AccountState
      /** The jobs wait for so long, in milliseconds. */
      rest?: number
      /** What is on its way that opens the account is called off; where it may be open by then, it is closed again. */
      stops?: true
      /** The jobs that rest are cancelled; where one has begun already, it is too late for all of this, but for what `stops`. */
      recall?: true
    }
  | Refused

/** Who writes is the actor. */
export interface Wrote {
  where: 'exchange' | 'note'
  text: string
}

export type Become = (to: State) => Registration

export const YES = (next: Registration | null, events: AuditEvent[], jobs: NewJob[] = []) =>
  ({ ok: true, next, events, jobs }) satisfies Decision

/** Whether a moderator decided so lately that nothing was done about it yet. */
export function isResting(
  { state, stateSince, decidedBy }: Registration,
  { now, undoMs }: Pick<Policy, 'now' | 'undoMs'>,
): boolean {
  return (state === 'approved' || state === 'denied') && decidedBy !== null && now < stateSince + undoMs
}

/** The state as its applicant is told it: a decision that can still be taken back was not made yet. */
export function stateForApplicant(registration: Registration, policy: Pick<Policy, 'now' | 'undoMs'>): State {
  if (!isResting(registration, policy)) return registration.state
  return registration.denial === null ? 'requested' : 'denied'
}
