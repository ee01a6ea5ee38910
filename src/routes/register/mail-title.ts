import { m } from '$lib/paraglide/messages'
import type { MailStanding } from '$lib/registration/mail-standing'

const TITLES = {
  being_sent: m.mail_news_sending_title,
  sent: m.wizard_sent_title,
  refused: m.mail_news_refused_title,
  waiting: m.mail_news_waiting_title,
  unconfirmed: m.mail_news_unconfirmed_title,
  failed: m.mail_news_failed_title,
}

/** The title of a page about an email. */
export const mailTitle = (standing: MailStanding | null): string =>
  (standing === null ? m.wizard_sent_title : TITLES[standing])()
