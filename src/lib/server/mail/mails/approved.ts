import { m } from '$lib/paraglide/messages'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { introduced, quoted } from '../content'
import type { JobMail } from '../definition'

/** The account is ready. `homeserver`: its name, to type into a Matrix client. */
interface Data {
  kind: 'approved'
  matrixId: string
  message: string | null
  homeserver: string
  link: string
}

export const approved: JobMail<'approved', Data> = {
  async compose(_, registration, { domain: homeserver, statusLink }) {
    const { state, username, message } = registration
    if (state !== 'completed') return null
    const matrixId = matrixIdOf(username, homeserver)
    return { kind: 'approved', matrixId, message, homeserver, link: await statusLink(registration) }
  },

  content: ({ matrixId, message, homeserver, link }, wording) => ({
    subject: m.mail_approved_subject({ matrixId }, wording.in_),
    heading: m.mail_approved_heading({}, wording.in_),
    literals: [matrixId, homeserver],
    paragraphs: [
      m.mail_approved_open({ matrixId }, wording.in_),
      m.mail_approved_how({ homeserver }, wording.in_),
      ...introduced(message, wording),
    ],
    ...quoted(message),
    action: { label: m.mail_approved_button({}, wording.in_), link },
    after: [],
    footer: wording.applicant,
  }),
}
