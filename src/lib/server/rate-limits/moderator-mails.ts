import type { Logger } from 'pino'
import { mailboxOf, type EmailAddress } from '$lib/registration/email'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { RateLimiter } from './rate-limiter'
import { DAY, HOUR } from '$lib/registration/time'

/**
 * How many emails moderators can trigger per day to unconfirmed addresses: per moderator and kind, per inbox, and in
 * total. Whoever sets up the mail server sends themselves several test emails.
 */
const OF_ONE = { address: 10, invitation: 50, test: 20 }
const TO_ONE_MAILBOX = { address: 3, invitation: 3, test: 20 }
const OF_ALL = 200

export type DeskMail = keyof typeof OF_ONE
export type ModeratorMails = ReturnType<typeof createModeratorMails>

/** A moderator, or somebody at a browser left open, can make us send only this much email to strangers. */
export function createModeratorMails({
  limits,
  log,
}: {
  limits: Pick<RateLimiter, 'takeAll'>
  log: Pick<Logger, 'warn'>
}) {
  return {
    /** Counts a moderator's email to an address, or refuses it: `too_many_mails`. */
    async take(mail: DeskMail, moderatorId: string, email: EmailAddress): Promise<Result<null>> {
      const limit = (count: number) => ({ count, windowMs: DAY })
      const taken = await limits.takeAll([
        { kind: `desk-mail-${mail}`, subject: moderatorId, limit: limit(OF_ONE[mail]) },
        { kind: 'desk-mail-mailbox', subject: mailboxOf(email), limit: limit(TO_ONE_MAILBOX[mail]) },
        { kind: 'desk-mail-all', subject: '', limit: limit(OF_ALL) },
      ])
      if (taken.ok) return accept(null)
      const hours = Math.max(1, Math.ceil(taken.retryAfterMs / HOUR))
      log.warn(
        { mail, moderator: moderatorId, hours },
        'A moderator reached the limit of emails to unconfirmed addresses; no more are sent for now',
      )
      return refuse({ code: 'too_many_mails', hours })
    },
  }
}
