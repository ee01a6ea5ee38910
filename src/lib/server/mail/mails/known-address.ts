import { m } from '$lib/paraglide/messages'
import { stateForApplicant } from '$lib/registration/decide'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import type { JobMail } from '../definition'

/**
 * Somebody used an address that already has a registration here: its status, with a link to its status page.
 * `incomplete`: nobody did, but its request has to be completed again.
 */
interface Data {
  kind: 'known_address'
  matrixId: string
  stage: 'verified' | 'requested' | 'approved' | 'completed'
  incomplete: boolean
  link: string
}

const STAGES = {
  verified: m.mail_known_verified,
  requested: m.mail_known_requested,
  approved: m.mail_known_approved,
  completed: m.mail_known_completed,
}

export const knownAddress: JobMail<'known_address', Data> = {
  async compose({ incomplete = false }, registration, { policy, domain, statusLink }) {
    const stage = stateForApplicant(registration, policy())
    if (stage !== 'verified' && stage !== 'requested' && stage !== 'approved' && stage !== 'completed')
      return null
    if (incomplete && stage !== 'verified') return null
    const matrixId = matrixIdOf(registration.username, domain)
    return { kind: 'known_address', matrixId, stage, incomplete, link: await statusLink(registration) }
  },

  content: ({ matrixId, stage, incomplete, link }, { in_, site, applicant }) => ({
    subject: incomplete ? m.mail_incomplete_subject({ site }, in_) : m.mail_known_subject({ site }, in_),
    heading: incomplete ? m.mail_incomplete_heading({}, in_) : m.mail_known_heading({}, in_),
    literals: [matrixId],
    paragraphs: incomplete
      ? [m.mail_incomplete_text({ matrixId }, in_)]
      : [m.mail_known_asked({ site, matrixId }, in_), STAGES[stage]({}, in_)],
    action: { label: m.mail_status_button({}, in_), link },
    after: incomplete ? [] : [m.mail_ignore({}, in_)],
    footer: applicant,
  }),
}
