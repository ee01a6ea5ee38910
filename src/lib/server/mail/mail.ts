import type { Change } from '$lib/moderation/opening'
import type { Role } from '$lib/moderation/moderator'
import type { Blame } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'

/** Every email that this program writes, with the data for its text. Links are absolute; `username` is a localpart. */
export type Mail =
  /**
   * To confirm the email address. `matrixId`: null if a program could make a link of the username, because it is
   * unknown yet whether the recipient chose it. `hours`: lifetime of the link; `invited`: with a code, which can
   * replace a decision.
   */
  | { kind: 'verification'; matrixId: string | null; link: string; hours: number; invited: boolean }
  /** Somebody entered an address that already has a registration here: its status, with a link to its status page. */
  | {
      kind: 'known_address'
      matrixId: string
      stage: 'verified' | 'requested' | 'approved' | 'completed'
      link: string
    }
  /** Somebody requested their link, and there is no registration with this address. `link` starts one. */
  | { kind: 'unknown_address'; link: string }
  /** The request was received; what happens next. */
  | { kind: 'requested'; matrixId: string; link: string }
  /** The account is ready. `homeserver`: its name, to type into a Matrix client. */
  | { kind: 'approved'; matrixId: string; message: string | null; homeserver: string; link: string }
  /** Approved, but the password is still to be set (`password: after_approval`). `days`: lifetime of the link. */
  | {
      kind: 'set_password'
      matrixId: string
      message: string | null
      link: string
      days: number
      reminder: boolean
    }
  | { kind: 'denied'; matrixId: string; message: string | null }
  /** A question of the moderators. `link`: where to answer it. */
  | { kind: 'question'; matrixId: string; question: string; link: string }
  /** An invitation to become a moderator. `days`: lifetime of the link. */
  | { kind: 'invitation'; role: Role; by: string | null; link: string; days: number }
  /** To confirm a moderator's email address. */
  | { kind: 'confirm_moderator'; username: string; link: string; days: number }
  /**
   * To the moderators: everything that is waiting. `oldestHours` is whole hours; `requests` at most ten, the ones
   * concerned first.
   */
  | {
      kind: 'moderators_waiting'
      waiting: number
      oldestHours: number
      requests: { matrixId: string; link: string }[]
      reminder: boolean
      link: string
      /** To a moderator who chose so; `account`: where to change that. */
      person?: { digest: boolean; account: string }
    }
  /** To the moderators: the homeserver is unavailable. `since` is milliseconds since 1970; `reason` a sentence. */
  | { kind: 'moderators_outage'; since: number; reason: string; waiting: number; link: string }
  /** To the moderators and the operator: new accounts of this server join rooms before anybody approved them. */
  | { kind: 'moderators_auto_join'; matrixId: string; rooms: string[]; link: string }
  /** To the moderators and the operator: registration closed or reopened. */
  | ({ kind: 'moderators_opening'; link: string } & OpeningNews)

/**
 * Registration closed or opened automatically. `waiting`: how many requests are waiting; `until`: when it reopens
 * automatically, if known.
 */
export interface OpeningNews {
  open: boolean
  why: Change['why']
  until: number | null
  waiting: number
}

/** An email with its recipient, ready to be rendered and sent. */
export interface Letter {
  to: string[]
  language: Language
  mail: Mail
  /** Stable over retries, so that recipients can detect a duplicate: becomes the left part of the Message-ID. */
  id: string
}

/** What pages and emails show of the site. */
export interface Site {
  name: string
  url: string
  accent: string
  logoUrl: string | null
}

/**
 * Why an email was not sent. `permanent`: the same email to the same address will not be sent later either. `outage`:
 * no other email would be sent now. `handedOver`: the server had the whole email, and its answer was lost: it may
 * have accepted it. `blame`: it was rejected, and who must act. `lasting`: the server rejected it permanently (5yz).
 * `remaining`: only these did not get it, and may later. The message is a sentence for moderators; it contains no
 * password and no text of the email.
 */
export class MailError extends Error {
  override readonly name = 'MailError'
  readonly permanent: boolean
  readonly outage: boolean
  readonly handedOver: boolean
  readonly blame: Blame | null
  readonly lasting: boolean
  readonly remaining: string[]

  constructor(
    message: string,
    options: {
      permanent: boolean
      outage?: boolean
      handedOver?: boolean
      blame?: Blame
      lasting?: boolean
      remaining?: string[]
      cause?: unknown
    },
  ) {
    super(message, { cause: options.cause })
    this.permanent = options.permanent
    this.outage = options.outage ?? false
    this.handedOver = options.handedOver ?? false
    this.blame = options.blame ?? null
    this.lasting = options.lasting ?? options.permanent
    this.remaining = options.remaining ?? []
  }
}

export interface Mailer {
  /** Hands the email to the SMTP server. Throws `MailError`. */
  send(letter: Letter): Promise<void>
  /** Whether emails can be sent at all now: greets the SMTP server and signs in. Throws `MailError`. */
  check(): Promise<void>
  close(): void
}
