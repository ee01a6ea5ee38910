import type { Change } from '$lib/moderation/opening'
import type { Role } from '$lib/moderation/moderator'
import type { Blame } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'

/** Every mail that this program writes, with what its text needs. Links are absolute; `username` is a localpart. */
export type Mail =
  /**
   * To confirm the address. `matrixId`: null where a program could make a link of the name, as nobody knows yet whether
   * its reader chose it. `hours`: how long the link works; `invited`: by a code, which can stand in for a decision.
   */
  | { kind: 'verification'; matrixId: string | null; link: string; hours: number; invited: boolean }
  /** Somebody gave an address that already has a registration here: where it stands, with a link to its status page. */
  | {
      kind: 'known_address'
      matrixId: string
      stage: 'verified' | 'requested' | 'approved' | 'completed'
      link: string
    }
  /** Somebody asked for their link, and there is no registration with this address. `link` starts one. */
  | { kind: 'unknown_address'; link: string }
  /** The request was received; what happens now. */
  | { kind: 'requested'; matrixId: string; link: string }
  /** The account is open. `homeserver`: its name, to type into a Matrix client. */
  | { kind: 'approved'; matrixId: string; message: string | null; homeserver: string; link: string }
  /** Approved, and the password is still to be set (`password: after_approval`). `days`: how long the link works. */
  | {
      kind: 'set_password'
      matrixId: string
      message: string | null
      link: string
      days: number
      reminder: boolean
    }
  | { kind: 'denied'; matrixId: string; message: string | null }
  /** What moderators want to know before they decide. `link`: where it is answered. */
  | { kind: 'question'; matrixId: string; question: string; link: string }
  /** Somebody shall be a moderator. `days`: how long the link works. */
  | { kind: 'invitation'; role: Role; by: string | null; link: string; days: number }
  /** A moderator's address, to be confirmed. */
  | { kind: 'confirm_moderator'; username: string; link: string; days: number }
  /** To the moderators: all that waits. `oldestHours` is whole hours; `requests` at most ten, the ones it is about first. */
  | {
      kind: 'moderators_waiting'
      waiting: number
      oldestHours: number
      requests: { matrixId: string; link: string }[]
      reminder: boolean
      link: string
      /** To one of them, who chose so; `account`: where that is changed. */
      person?: { digest: boolean; account: string }
    }
  /** To the moderators: the homeserver is out. `since` is milliseconds since 1970; `reason` a sentence. */
  | { kind: 'moderators_outage'; since: number; reason: string; waiting: number; link: string }
  /** To the moderators and the operator: new accounts of this server join rooms before anybody approved them. */
  | { kind: 'moderators_auto_join'; matrixId: string; rooms: string[]; link: string }
  /** To the moderators and the operator: nobody new can start any more, or somebody can again. */
  | ({ kind: 'moderators_opening'; link: string } & OpeningNews)

/** Registration closed or opened by itself. `waiting`: how many requests wait; `until`: when it opens by itself, where known. */
export interface OpeningNews {
  open: boolean
  why: Change['why']
  until: number | null
  waiting: number
}

/** A mail with its receiver, ready to be rendered and sent. */
export interface Letter {
  to: string[]
  language: Language
  mail: Mail
  /** Stable over retries, so that a receiver can tell a duplicate: becomes the Message-ID's left part. */
  id: string
}

/** What pages and mails show of the site. */
export interface Site {
  name: string
  url: string
  accent: string
  logoUrl: string | null
}

/**
 * Why a mail did not go out. `permanent`: the same mail to the same address will not go out later either. `outage`: no
 * other mail would go out now. `handedOver`: the server had the whole mail, and its answer got lost: it may have taken it.
 * `blame`: it was refused, and whose matter that is. `lasting`: the server said so for good (5yz). `remaining`: only these
 * did not get it, and may later. The message is a sentence for moderators; it holds no password and no text of the mail.
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
  /** Hands the mail to the SMTP server. Throws `MailError`. */
  send(letter: Letter): Promise<void>
  /** Whether mails can be handed over at all now: greets the SMTP server and signs in. Throws `MailError`. */
  check(): Promise<void>
  close(): void
}
