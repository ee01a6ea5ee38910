import { m } from '$lib/paraglide/messages'
import { stateForApplicant, type Policy } from '$lib/registration/decide'
import { isAsked } from '$lib/registration/decide-talk'
import type { Registration } from '$lib/registration/registration'
import { awaitsPassword } from '$lib/registration/state'
import { returnedDays } from '$lib/registration/retention'
import { DAY } from '$lib/registration/time'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { momentText } from '$lib/text/moment'
import type { ApplicantMail } from '../definition'
import { noOpenRequest, type UnknownAddress } from './unknown-address'

const STAGES = {
  verified: m.mail_known_verified,
  requested: m.mail_known_requested,
  /** A question waits for its answer. */
  asked: m.mail_known_question,
  /** A step of the applicant is left. */
  approved: m.mail_known_approved,
  opening: m.mail_known_opening,
  completed: m.mail_known_completed,
}
type Stage = keyof typeof STAGES

/**
 * Somebody used an address that already has a registration here: its status, with a link to its status page.
 * `incomplete`: nobody did, but its request has to be completed again, before it is deleted (milliseconds since 1970).
 */
interface Data {
  kind: 'known_address'
  matrixId: string
  stage: Stage
  incomplete: { until: number } | null
  link: string
}

/** Null if there is nothing to go back to. */
function stageOf(registration: Registration, policy: Policy): Stage | null {
  const state = stateForApplicant(registration, policy)
  if (state === 'requested') return isAsked(registration, policy) ? 'asked' : 'requested'
  if (state === 'approved') return awaitsPassword(registration) ? 'approved' : 'opening'
  return state === 'verified' || state === 'completed' ? state : null
}

export const knownAddress: ApplicantMail<'known_address', Data, UnknownAddress> = {
  async compose({ incomplete = false }, registration, sources) {
    const { policy, domain, statusLink } = sources
    const { state } = registration
    const stage = stageOf(registration, policy())
    if (incomplete && stage !== 'verified') return null
    // Whoever asked was promised an email.
    if (stage === null) return state === 'denied' || state === 'withdrawn' ? noOpenRequest(sources) : null
    const matrixId = matrixIdOf(registration.username, domain)
    const until = registration.stateSince + returnedDays(policy().retention) * DAY
    const link = await statusLink(registration)
    return { kind: 'known_address', matrixId, stage, incomplete: incomplete ? { until } : null, link }
  },

  content: ({ matrixId, stage, incomplete, link }, { in_, site, applicant }) => ({
    ...(incomplete === null
      ? {
          subject: m.mail_known_subject({ site }, in_),
          heading: m.mail_known_heading({}, in_),
          paragraphs: [m.mail_known_asked({ site, matrixId }, in_), STAGES[stage]({}, in_)],
          after: [m.mail_ignore({}, in_)],
        }
      : {
          subject: m.mail_incomplete_subject({ site }, in_),
          heading: m.mail_incomplete_heading({}, in_),
          paragraphs: [m.mail_incomplete_text({ matrixId }, in_)],
          after: [m.mail_password_until({ until: momentText(incomplete.until, in_.locale, 'UTC') }, in_)],
        }),
    literals: [matrixId],
    action: { label: m.mail_status_button({}, in_), link },
    footer: applicant,
  }),
}
