import type { Blame } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'
import type { Mail } from './mails'

export type { Mail } from './mails'

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
