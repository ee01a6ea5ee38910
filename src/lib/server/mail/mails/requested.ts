import { m } from '$lib/paraglide/messages'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { JobMail } from '../definition'

/** The request was received; what happens next. */
interface Data {
  kind: 'requested'
  matrixId: string
  link: string
}

export const requested: JobMail<'requested', Data> = {
  async compose(_, registration, { domain, statusLink }) {
    if (registration.state !== 'requested') return null
    const matrixId = matrixIdOf(registration.username, domain)
    return { kind: 'requested', matrixId, link: await statusLink(registration) }
  },

  content: ({ matrixId, link }, { in_, applicant }) => ({
    subject: m.mail_requested_subject({ matrixId }, in_),
    heading: m.mail_requested_heading({}, in_),
    literals: [matrixId],
    paragraphs: [m.mail_requested_received({ matrixId }, in_), m.mail_requested_next({}, in_)],
    action: { label: m.mail_status_button({}, in_), link },
    after: [],
    footer: applicant,
  }),
}
