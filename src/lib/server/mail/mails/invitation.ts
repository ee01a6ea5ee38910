import { m } from '$lib/paraglide/messages'
import type { Role } from '$lib/moderation/moderator'
import { withoutLinks } from '$lib/registration/linkable'
import type { JobMail } from '../definition'

/** An invitation to become a moderator. `days`: lifetime of the link. */
interface Data {
  kind: 'invitation'
  role: Role
  by: string | null
  link: string
  days: number
}

/** What an invitation is to, by role. */
const INVITED_AS: Record<Role, typeof m.mail_invitation_moderator> = {
  moderator: m.mail_invitation_moderator,
  administrator: m.mail_invitation_administrator,
}

export const invitation: JobMail<'invitation', Data> = {
  compose: async (_, { role, by, to, days }) => ({
    kind: 'invitation',
    role: role ?? 'moderator',
    by: by === null ? null : withoutLinks(by),
    link: to('join'),
    days,
  }),

  content: ({ role, by, link, days }, { in_, site, host }) => ({
    subject: m.mail_invitation_subject({ site }, in_),
    heading: m.mail_invitation_heading({ site }, in_),
    literals: [host],
    paragraphs: [
      by === null ? m.mail_invitation_text({ host }, in_) : m.mail_invitation_text_by({ by, host }, in_),
      INVITED_AS[role]({}, in_),
    ],
    action: { label: m.mail_invitation_button({}, in_), link },
    after: [m.mail_invitation_days({ days }, in_)],
    footer: m.mail_invitation_footer({ host }, in_),
  }),
}
