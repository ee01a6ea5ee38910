import { m } from '$lib/paraglide/messages'
import type { MailStanding } from '$lib/registration/mail-standing'

/** Why an email to a moderator has not been sent, or may not have been; null if nothing is wrong with it. */
export function mailTroubleText(standing: MailStanding | null, email: string): string | null {
  switch (standing) {
    case 'refused':
      return m.people_mail_refused({ email })
    case 'waiting':
      return m.people_mail_waiting({ email })
    case 'unconfirmed':
      return m.people_mail_unconfirmed({ email })
    case 'failed':
      return m.people_mail_failed({ email })
    default:
      return null
  }
}
