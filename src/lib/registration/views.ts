import type { JobKind, JobState } from './job'
import type { Invitations } from './invited'
import type { MailStanding } from './mail-standing'
import type { Platform } from './matrix-apps'
import type { Actor, EventKind } from './registration'
import type { Account, Sign } from './signs'
import type { AccountState, Exchange, Opening, State } from './state'
import type { UsernameCharacters } from './username'

// What pages receive. Times are milliseconds since 1970.

/** What every page shows of the site. */
export interface SiteView {
  name: string
  /** The homeserver's name, the part after the colon in a Matrix ID. */
  domain: string
  url: string
  /** Cookies of this request are restricted to https. */
  secure: boolean
  logoUrl: string | null
  legal: { title: string; url: string }[]
  passwordMode: 'at_request' | 'after_approval'
  invitations: Invitations
  usernameCharacters: UsernameCharacters
  support: SupportView | null
  /** A list of other servers, for those who are denied here; null: none is shown. */
  otherServers: string | null
}

/** Where people get help: an email address or a room, and the link to it. */
export interface SupportView {
  text: string
  url: string
}

/** Where the owner of a new account goes first. Links are complete. */
export interface FirstStepsView {
  /** The first of a platform is the one to suggest. */
  apps: { title: string; url: string; platform: Platform }[]
  /** The rooms that the account joins; no alias: it has only an ID, which says nothing to people. */
  rooms: { alias: string | null; url: string }[]
  /** What a Matrix app asks for at sign-in: the server's name, which leads it to the right address. */
  homeserver: string
}

/**
 * What a form carries that requests an email; `asked`: whether the browser must solve a proof of work before
 * submitting.
 */
export interface EntranceView {
  challenge: string
  asked: boolean
}

/** An applicant's own registration. */
export interface OwnView {
  id: string
  /** The hidden fields of its forms (`shown.ts`). */
  shown: string
  state: State
  username: string
  matrixId: string
  holdsName: boolean
  email: string
  reason: string | null
  account: AccountState
  /** Of an approved one, whose account is being unlocked. */
  opening: Opening
  /** What could not be done for an active account: adding its email, or recording consent. */
  unfinished: ('bind_address' | 'consent')[]
  startedAt: number
  /** When it reached its state; null if that is unknown, after an import. */
  reachedAt: number | null
  /** Of a denied one: it was approved on probation before. */
  hadAccount: boolean
  /** Its account can only read for now; until when (`null`: that is being lifted). Null if it is not on probation. */
  probation: { until: number | null } | null
  /** A moderator's message, once it is decided. */
  message: string | null
  /** An approval of which no email tells once the account is active. */
  silent: boolean
  awaitsPassword: boolean
  /** With the password, the legal documents are accepted, too. */
  asksLegal: boolean
  /** Its next step asks for a password: that of the request, or that of an approved one. */
  asksPassword: boolean
  /** The moderators' questions and the answers, oldest first; moderators are not named. */
  talk: { at: number; from: 'moderators' | 'you'; text: string }[]
  /** A question is waiting for an answer. */
  asked: boolean
  /** Of a completed one; `qr`: the suggested app for phones as a QR code (SVG). */
  firstSteps: (FirstStepsView & { qr: string | null }) | null
  /** The status of the latest email to them; null: none. */
  mail: MailStanding | null
  /** Whether they have an invitation, or need a code to continue: their first one, or another one. */
  invitation: 'by_code' | 'needs_code' | 'needs_other_code' | 'free'
}

/** The conversation about a registration, as moderators see it. */
export interface TalkView {
  /** Whose turn it is, while it is undecided. */
  exchange: Exchange
  /** Whether it is waiting for a decision, so that questions can be asked and it can be assigned. */
  isOpen: boolean
  exchanges: { at: number; author: 'moderator' | 'applicant'; moderator: string | null; text: string }[]
  notes: { at: number; moderator: string | null; text: string }[]
  /** Who it is assigned to, and until when, unless they act again. */
  claim: { by: string; mine: boolean; until: number } | null
  /** Of a denial: whether it can still be approved. */
  reopen: 'possible' | 'not_yet' | 'impossible' | null
}

export interface JobView {
  id: string
  kind: JobKind
  /** What the job is about: the kind of email, the room. */
  about: string | null
  state: JobState
  attempts: number
  runAt: number
  error: string | null
  createdAt: number
  finishedAt: number | null
  /** Whether a moderator may dismiss it. */
  dismissible: boolean
}

/** Jobs that failed for one reason: one of them, and their number. */
export interface FailureView {
  job: string
  error: string
  count: number
  kinds: JobKind[]
}

export interface EventView {
  at: number
  kind: EventKind
  actor: Actor['kind']
  moderator: string | null
  detail: Record<string, string | number | boolean> | null
}

/** An account that is, or may be, somebody else's, and the signs of that. */
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
  /** The signs that somebody has it; then it cannot be adopted. */
  signs: Sign[]
  /** When the homeserver was asked. */
  checkedAt: number
}
