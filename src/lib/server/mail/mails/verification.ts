import { m } from '$lib/paraglide/messages'
import { isLinkable } from '$lib/registration/linkable'
import { matrixId } from '$lib/registration/username'
import { readBrought } from '$lib/registration/wish'
import type { JobMail } from '../definition'

/**
 * To confirm the email address. `matrixId`: null if a program could make a link of the username, because it is unknown
 * yet whether the recipient chose it. `hours`: lifetime of the link; `invited`: with a code, which can replace a
 * decision.
 */
interface Data {
  kind: 'verification'
  matrixId: string | null
  link: string
  hours: number
  invited: boolean
}

export const verification: JobMail<'verification', Data> = {
  async compose(job, registration, { domain, confirmHours: hours, confirmLink }) {
    if (registration.state !== 'started') return null
    const brought = readBrought(job)
    const link = await confirmLink(registration, job.username, brought)
    const { invitationId } = brought ?? registration
    return {
      kind: 'verification',
      matrixId: isLinkable(job.username) ? null : matrixId(job.username, domain),
      link,
      hours,
      invited: invitationId !== null,
    }
  },

  content: ({ matrixId, link, hours, invited }, { in_, site, applicant }) => ({
    subject:
      matrixId === null
        ? m.mail_verification_subject_unnamed({ site }, in_)
        : m.mail_verification_subject({ matrixId }, in_),
    heading: m.mail_verification_heading({}, in_),
    literals: matrixId === null ? [] : [matrixId],
    paragraphs: [
      ...(matrixId === null
        ? [m.mail_verification_asked_unnamed({ site }, in_)]
        : [m.mail_verification_asked({ matrixId, site }, in_), m.mail_verification_matrix({}, in_)]),
      m.mail_verification_next({}, in_),
      ...(invited ? [] : [m.mail_verification_decides({}, in_)]),
    ],
    action: { label: m.mail_verification_button({}, in_), link },
    after: [m.mail_verification_hours({ hours }, in_)],
    footer: applicant,
  }),
}
