import type { JobKind, JobState } from './job'
import type { Invitations } from './invited'
import type { Language } from './language'
import type { MailStanding } from './mail-standing'
import type { EventKind } from './registration'
import type { Account, Sign } from './signs'
import type { AccountState, Exchange, Opening, State } from './state'
import type { UsernameCharacters } from './username'

// What pages get to see. Times are milliseconds since 1970.

/** What every page shows of the site. */
export interface SiteView {
  name: string
  /** The homeserver's name, the part after the colon in a Matrix ID. */
  domain: string
  url: string
  /** Cookies of this request are for https alone. */
  secure: boolean
  logoUrl: string | null
  legal: { title: string; url: string }[]
  passwordMode: 'at_request' | 'after_approval'
  invitations: Invitations
  usernameCharacters: UsernameCharacters
}

/** What a form carries that asks for a mail; `asked`: whether the browser has to work on it before it is sent. */
export interface EntranceView {
  challenge: string
  asked: boolean
}

/** An applicant's own registration. */
export interface OwnView {
  id: string
  /** What its forms carry (`shown.ts`). */
  shown: string
  state: State
  username: string
  matrixId: string
  holdsName: boolean
  email: string
  reason: string | null
  account: AccountState
  /** Of an approved one, whose account is opened. */
  opening: Opening
  /** What could not be done about an open account: it has no address, or has not consented. */
  unfinished: ('bind_address' | 'consent')[]
  startedAt: number
  stateSince: number
  /** A moderator's words, once it is decided. */
  message: string | null
  awaitsPassword: boolean
  /** Questions of the moderators and the answers, oldest first; moderators are not named. */
  talk: { at: number; from: 'moderators' | 'you'; text: string }[]
  /** A question waits for an answer. */
  asked: boolean
  /** What a Matrix client asks for at sign-in: the server's name, which leads it to the right address. */
  homeserver: string
  /** What is known of the newest mail to them; null: nothing. */
  mail: MailStanding | null
  /** Whether they come by an invitation, or need a code to go on. */
  invitation: 'by_code' | 'needs_code' | 'free'
}

/** The talk about a registration, as moderators see it. */
export interface TalkView {
  /** Whose turn it is, while nobody has decided. */
  exchange: Exchange
  /** Whether it waits for a decision, so that it can be asked about and taken. */
  isOpen: boolean
  exchanges: { at: number; author: 'moderator' | 'applicant'; moderator: string | null; text: string }[]
  notes: { at: number; moderator: string | null; text: string }[]
  /** Who has it for themselves, and until when, unless they do something. */
  claim: { by: string; mine: boolean; until: number } | null
  /** Of a denial: whether it can be approved after all. */
  reopen: 'possible' | 'not_yet' | 'impossible' | null
}

export interface QueueItem {
  id: string
  username: string
  matrixId: string
  email: string
  reason: string | null
  language: Language
  clientAddress: string
  state: State
  startedAt: number
  stateSince: number
  exchange: Exchange
  /** A job of it failed for good or keeps failing. */
  trouble: boolean
}

export interface JobView {
  id: string
  kind: JobKind
  /** What it is about: the mail's kind, the room. */
  about: string | null
  state: JobState
  attempts: number
  runAt: number
  error: string | null
  createdAt: number
  finishedAt: number | null
  /** Whether a moderator may say that it is not to be done any more. */
  dismissible: boolean
}

/** Jobs that failed for one reason: one of them, and how many there are. */
export interface FailureView {
  job: string
  error: string
  count: number
  kinds: JobKind[]
}

export interface EventView {
  at: number
  kind: EventKind
  actor: 'applicant' | 'system' | 'moderator'
  moderator: string | null
  detail: Record<string, string | number | boolean> | null
}

export interface RegistrationView extends QueueItem {
  version: number
  holdsName: boolean
  account: AccountState
  legalAcceptedAt: number | null
  message: string | null
  silent: boolean
  category: string | null
  decidedBy: string | null
  /** Until when the decision can be taken back; null where it cannot. */
  undoUntil: number | null
  /** What the domain allows a moderator to do now. */
  actions: ('approve' | 'deny')[]
  /** Approved and not open yet, so that it can be stopped; `may_be_open`: no answer came to the opening. Else null. */
  unopened: 'closed' | 'may_be_open' | null
  /** Whether the decision can be taken back. */
  undoable: boolean
  /** Approved, and the account cannot be opened: it is approved anew, or denied. */
  openingFailed: boolean
  /** Approving sends the link to set the password: no account exists yet. */
  passwordAfterApproval: boolean
  events: EventView[]
  jobs: JobView[]
}

/** An account that is, or may be, somebody else's, and what shows it. */
export interface DoubtView {
  username: string
  matrixId: string
  changedAt: number
  /** False: the homeserver did not answer, so `account` says nothing. */
  reachable: boolean
  account: Pick<
    Account,
    'createdAt' | 'locked' | 'deactivated' | 'displayName' | 'addresses' | 'lastSeenAt' | 'devices'
  > | null
  /** What shows that somebody has it; then it cannot be adopted. */
  signs: Sign[]
}
