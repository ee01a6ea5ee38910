import { m } from '$lib/paraglide/messages'
import { withoutLinks } from '$lib/registration/linkable'
import type { JobMail } from '../definition'

/** To confirm a moderator's email address. */
interface Data {
  kind: 'confirm_moderator'
  username: string
  link: string
  days: number
}

export const confirmModerator: JobMail<'confirm_moderator', Data> = {
  compose: async (_, { username, to, days }) => ({
    kind: 'confirm_moderator',
    username: withoutLinks(username ?? ''),
    link: to('confirm'),
    days,
  }),

  content: ({ username, link, days }, { in_, site, host }) => ({
    subject: m.mail_confirm_moderator_subject({ site }, in_),
    heading: m.mail_confirm_moderator_heading({}, in_),
    literals: [username],
    paragraphs: [m.mail_confirm_moderator_text({ username, host }, in_)],
    action: { label: m.mail_confirm_moderator_button({}, in_), link },
    after: [m.mail_invitation_days({ days }, in_)],
    footer: m.mail_confirm_moderator_footer({ username, host }, in_),
  }),
}
