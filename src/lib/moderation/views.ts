import type { Language } from '../registration/language'
import type { CodeStanding } from '../registration/invited'
import type { State } from '../registration/state'
import type { QueueItem } from '../registration/views'
import type { HeldFor } from './held'
import type { Breadth, RuleCore, RuleEffect, RuleForm, RuleSubject } from './rule'

// What pages of the desk get to see of lists, facts and rules. Times are milliseconds since 1970.

/** A registration as it stands in a list. Moderators are told by name. */
export interface ListedItem extends QueueItem {
  version: number
  claimedBy: string | null
  decidedBy: string | null
  category: string | null
  /** A rule wants it looked at more closely. */
  held: boolean
  /** What else asks for that. */
  heldFor: HeldFor[]
  /** The code it came by. */
  invitation: { note: string | null; by: string | null } | null
  /** Who else has it open now. */
  looking: string[]
}

export interface OtherView {
  id: string
  matrixId: string
  email: string
  state: State
  stateSince: number
}

/** Others that share something; `more`: at least so many. The newest few are named. */
export interface OthersView {
  count: number
  more: boolean
  some: OtherView[]
}

/** What became of others that share something; `newest`: of the decided ones only so many, as there are more. */
export interface TallyView {
  name: string
  waiting: { count: number; more: boolean }
  approved: number
  denied: number
  newest: number | null
}

/** Denied registrations like this one whose data is gone: how many, of them by which trait, and why they were denied. */
export interface MemoryView {
  count: number
  mailbox: number
  network: number
  name: number
  categories: string[]
}

/** What one wants to know before deciding. */
export interface FactsView {
  email: string
  /** Of the pages the applicant used. */
  language: Language
  /** That the reason seems to be written in (ISO 639-1); null where nobody can tell. */
  reasonLanguage: string | null
  domain: TallyView
  network: TallyView
  names: OthersView & { key: string }
  mailbox: OthersView & { key: string }
  reasons: OthersView
  /** Whose the address is at the homeserver, if it is another account's. */
  bound: { known: boolean; owner: string | null }
  /** The code it came by. */
  invitation: { id: string; note: string | null; by: string | null; skipReview: boolean } | null
  /** What asks for a closer look: a rule, and other things. */
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
  /** Whether the one who looks may end it. */
  mayEnd: boolean
}

/** An invitation code, as moderators see it: never the code itself. */
export interface InvitationView {
  id: string
  standing: CodeStanding
  note: string | null
  uses: number
  /** Null: as often as one likes. */
  usesMaximum: number | null
  skipReview: boolean
  /** Whether it skips review, and its maker still can let people in so. */
  vouches: boolean
  author: string | null
  madeAt: number
  /** Null: never. */
  expiresAt: number | null
  endedAt: number | null
  /** Registrations that came by it and are still there. */
  came: { count: number; more: boolean }
}

/** Codes that still count and that somebody could know who shall not use them; the newest few are named. */
export interface KnownCodesView {
  moderator: { id: string; username: string; disabled: boolean }
  count: number
  /** So many of them skip review. */
  skipping: number
  some: { id: string; note: string | null; skipReview: boolean; madeAt: number; author: string | null }[]
}

/** A rule that matches a value which somebody tried; one of the configuration has no id. */
export interface MatchView {
  /** Null: one of the configuration. */
  id: string | null
  /** From the list of services for throwaway mail. */
  disposable: boolean
  subject: RuleSubject
  form: RuleForm
  value: string
  effect: RuleEffect
  /** Whether the one who looks may end it. */
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

/** How many match. `looked`: so many were compared; `more`: there are more. */
export interface ReachCount {
  count: number
  looked: number
  more: boolean
}

/** Whom a rule would have hit and would hit. */
export interface ReachView {
  rule: RuleCore
  breadth: Breadth
  waiting: ReachCount & { some: ReachedView[] }
  approved: ReachCount
}
