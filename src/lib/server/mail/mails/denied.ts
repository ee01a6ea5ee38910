import { m } from '$lib/paraglide/messages'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { introduced, quoted } from '../content'
import type { JobMail } from '../definition'

interface Data {
  kind: 'denied'
  matrixId: string
  message: string | null
}

export const denied: JobMail<'denied', Data> = {
  async compose(_, { state, username, message }, { domain }) {
    return state === 'denied' ? { kind: 'denied', matrixId: matrixIdOf(username, domain), message } : null
  },

  content: ({ matrixId, message }, wording) => ({
    subject: m.mail_denied_subject({ matrixId }, wording.in_),
    heading: m.mail_denied_heading({}, wording.in_),
    literals: [matrixId],
    paragraphs: [
      m.mail_denied_text({ matrixId, site: wording.site }, wording.in_),
      ...introduced(message, wording),
    ],
    ...quoted(message),
    after: [m.mail_denied_data({}, wording.in_)],
    footer: wording.applicant,
  }),
}
