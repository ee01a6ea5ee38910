import type { Language } from '../registration/language'
import type { CodeStanding } from '../registration/invited'
import type { State } from '../registration/state'
import type { HeldFor } from './held'
import type { Breadth, RuleCore, RuleEffect, RuleForm, RuleSubject } from './rule'

// What moderation pages see of lists, signals and rules. Times are milliseconds since 1970.

export interface OtherView {
  id: string
  matrixId: string
  email: string
  state: State
  stateSince: number
}

/** Other registrations that share something; `more`: at least this many. The latest few are named. */
export interface OthersView {
  count: number
  more: boolean
  some: OtherView[]
}

/**
 * Outcomes of other registrations that share something; `newest`: only this many of the decided ones were counted,
 * there are more.
 */
export interface TallyView {
  name: string
  waiting: { count: number; more: boolean }
  approved: number
  denied: number
  newest: number | null
}

/** Similar denied registrations whose data is deleted: how many, by which trait, and the denial reasons. */
export interface MemoryView {
  count: number
  mailbox: number
  network: number
  name: number
  categories: string[]
}

/** What a moderator wants to know before deciding. */
export interface FactsView {
  email: string
  /** The language of the pages that the applicant used. */
  language: Language
  /** The detected language of the reason (ISO 639-1); null if unknown. */
  reasonLanguage: string | null
  domain: TallyView
  network: TallyView
  names: OthersView & { key: string }
  mailbox: OthersView & { key: string }
  reasons: OthersView
  /** The other account on the homeserver that has this email address, if any. */
  bound: { known: boolean; owner: string | null }
  /** The invitation code it used. */
  invitation: { id: string; note: string | null; by: string | null; skipReview: boolean } | null
  /** What flags the request: a rule, and other things. */
  heldBy: { subject: RuleSubject; form: RuleForm; value: string; reason: string | null } | null
  heldFor: HeldFor[]
  memory: MemoryView | null
  steps: { begun: number; confirmed: number | null; asked: number | null; decided: number | null }
}

export interface RuleView extends RuleCore {
  id: string
  reason: string | null
  author: string | null
  madeAt: number
  /** Null: for ever. */
  expiresAt: number | null
  endedAt: number | null
  hits: number
  lastHitAt: number | null
  /** Whether the viewer may revoke it. */
  mayEnd: boolean
}

/** An invitation code as moderators see it: never the code itself. */
export interface InvitationView {
  id: string
  standing: CodeStanding
  note: string | null
  uses: number
  /** Null: unlimited. */
  usesMaximum: number | null
  skipReview: boolean
  /** Whether it skips review, and its creator may still do that. */
  vouches: boolean
  author: string | null
  madeAt: number
  /** Null: never. */
  expiresAt: number | null
  endedAt: number | null
  /** Registrations that used it and still exist. */
  came: { count: number; more: boolean }
}

/** Valid codes that may be known to somebody who must not use them; the latest few are named. */
export interface KnownCodesView {
  moderator: { id: string; username: string; disabled: boolean }
  count: number
  /** How many of them skip review. */
  skipping: number
  some: { id: string; note: string | null; skipReview: boolean; madeAt: number; author: string | null }[]
}

/** A rule that matches a tried value; rules from the configuration have no ID. */
export interface MatchView {
  /** Null: from the configuration. */
  id: string | null
  /** From the list of disposable email services. */
  disposable: boolean
  subject: RuleSubject
  form: RuleForm
  value: string
  effect: RuleEffect
  /** Whether the viewer may revoke it. */
  mayEnd: boolean
}

/** A request that a rule would match. */
export interface ReachedView {
  id: string
  version: number
  matrixId: string
  email: string
  clientAddress: string
  reason: string | null
  stateSince: number
}

/** How many match. `looked`: how many were compared; `more`: there are more. */
export interface ReachCount {
  count: number
  looked: number
  more: boolean
}

/** Whom a rule would have matched, and would match. */
export interface ReachView {
  rule: RuleCore
  breadth: Breadth
  waiting: ReachCount & { some: ReachedView[] }
  approved: ReachCount
}
