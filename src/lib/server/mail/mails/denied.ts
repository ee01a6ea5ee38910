import { m } from '$lib/paraglide/messages'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { SupportView } from '$lib/registration/views'
import { introduced, quoted, supportLink } from '../content'
import type { JobMail } from '../definition'

/** `startLink`: where a new request starts. */
interface Data {
  kind: 'denied'
  matrixId: string
  message: string | null
  /** It was approved on probation before, so it had an account. */
  hadAccount: boolean
  /** A new request takes an invitation. */
  byInvitation: boolean
  otherServers: string | null
  startLink: string
  support: SupportView | null
}

export const denied: JobMail<'denied', Data> = {
  async compose(_, { state, username, message, approval }, sources) {
    if (state !== 'denied') return null
    const { domain, otherServers, startLink, support, policy } = sources
    const matrixId = matrixIdOf(username, domain)
    const hadAccount = approval !== null
    const byInvitation = policy().invitations === 'required'
    return { kind: 'denied', matrixId, message, hadAccount, byInvitation, otherServers, startLink, support }
  },

  content: ({ matrixId, message, hadAccount, byInvitation, otherServers, startLink, support }, wording) => ({
    subject: m.mail_denied_subject({ matrixId }, wording.in_),
    heading: hadAccount ? m.mail_closed_heading({}, wording.in_) : m.mail_denied_heading({}, wording.in_),
    literals: [matrixId],
    paragraphs: [
      hadAccount
        ? m.mail_closed_text({ matrixId, site: wording.site }, wording.in_)
        : m.mail_denied_text({ matrixId, site: wording.site }, wording.in_),
      ...introduced(message, wording),
    ],
    ...quoted(message),
    links: [
      ...(otherServers === null
        ? []
        : [{ label: m.status_denied_others({}, wording.in_), links: [otherServers] }]),
      { label: m.status_denied_start({}, wording.in_), links: [startLink] },
      ...supportLink(support, m.status_denied_support({}, wording.in_)),
    ],
    after: [
      m.status_denied_again({}, wording.in_),
      ...(byInvitation ? [m.status_start_over_invited({}, wording.in_)] : []),
      m.mail_denied_data({}, wording.in_),
    ],
    footer: wording.applicant,
  }),
}
