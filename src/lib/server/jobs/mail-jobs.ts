import type { MailJob } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { LINK_DAYS } from '../auth/moderator-links'
import type { Token } from '../crypto/tokens'
import type { Role } from '$lib/moderation/moderator'
import { stateForApplicant } from '$lib/registration/decide'
import { isAsked } from '$lib/registration/decide-talk'
import { awaitsPassword } from '$lib/registration/state'
import { isLinkable } from '$lib/registration/linkable'
import { matrixId } from '$lib/registration/username'
import { readBrought } from '$lib/registration/wish'
import type { Mail, Mailer } from '../mail/mail'
import type { Registrar } from '../registrations/registrar'
import type { JobResult } from '../registrations/job-results'
import { HOUR } from '$lib/registration/time'

export type Letters = ReturnType<typeof createLetters>

/** Where an email gets its data from, besides the registration. */
interface Sources {
  statusLink: (registration: Registration) => Promise<string>
  /** The moderators' question of a time. */
  question: (registration: Registration, at: number) => Promise<string>
}

const DONE: JobResult = { state: 'done' }
const late: JobResult = {
  state: 'cancelled',
  reason: 'The registration has changed since, so this email no longer applies',
}

/** Email jobs: which one to whom, with fresh links, and none that no longer applies. */
export function createLetters({
  registrar,
  mailer,
  domain,
  site,
  homeserverName,
  approvedDays,
  linkHours,
}: {
  registrar: Registrar
  mailer: Mailer
  domain: string
  site: { url: string }
  homeserverName: string
  approvedDays: number
  linkHours: number
}) {
  const fresh: Sources = {
    statusLink: async (registration) =>
      `${site.url}/register/status/${await registrar.mintLink(registration, 'status', null)}`,
    question: async ({ id }, at) => (await registrar.questionOf(id, at)).join('\n\n'),
  }

  /** The email that a job sends, or null if the registration has changed since. */
  async function compose(
    job: MailJob,
    registration: Registration,
    { statusLink, question } = fresh,
  ): Promise<Mail | null> {
    const { state, message, username } = registration
    const named = { matrixId: matrixId(username, domain) }
    switch (job.mail) {
      case 'verification': {
        if (state !== 'started') return null
        const brought = readBrought(job)
        const token = await registrar.mintLink(registration, 'verification', job.username, brought)
        const { invitationId } = brought ?? registration
        const link = `${site.url}/register/verify/${token}`
        return {
          kind: 'verification',
          matrixId: isLinkable(job.username) ? null : matrixId(job.username, domain),
          link,
          hours: linkHours,
          invited: invitationId !== null,
        }
      }
      case 'known_address': {
        const stage = stateForApplicant(registration, registrar.policy())
        if (stage !== 'verified' && stage !== 'requested' && stage !== 'approved' && stage !== 'completed')
          return null
        return { kind: 'known_address', ...named, stage, link: await statusLink(registration) }
      }
      case 'requested':
        return state === 'requested'
          ? { kind: 'requested', ...named, link: await statusLink(registration) }
          : null
      case 'approved':
        if (state !== 'completed') return null
        return {
          kind: 'approved',
          ...named,
          message,
          homeserver: homeserverName,
          link: await statusLink(registration),
        }
      case 'set_password': {
        if (!awaitsPassword(registration)) return null
        const sinceApproval = registrar.now() - registration.stateSince
        const days = Math.max(1, Math.ceil(approvedDays - sinceApproval / (24 * HOUR)))
        return {
          kind: 'set_password',
          ...named,
          message,
          link: await statusLink(registration),
          days,
          reminder: job.reminder,
        }
      }
      case 'denied':
        return state === 'denied' ? { kind: 'denied', ...named, message } : null
      case 'question':
        return isAsked(registration, registrar.policy())
          ? {
              kind: 'question',
              ...named,
              question: await question(registration, job.at),
              link: await statusLink(registration),
            }
          : null
      case 'unknown_address':
      case 'invitation':
      case 'confirm_moderator':
        return null
    }
  }

  return {
    /** The email that a job would send for a registration in its future state; its link does not work. */
    preview: (job: MailJob, registration: Registration, question: string) =>
      compose(job, registration, {
        statusLink: () => Promise.resolve(`${site.url}/register/status/…`),
        question: () => Promise.resolve(question),
      }),

    async toApplicant(job: MailJob, registration: Registration, id: string): Promise<JobResult> {
      const mail = await compose(job, registration)
      if (mail === null) return late
      const language = 'language' in job ? job.language : registration.language
      await mailer.send({ to: [registration.email], language, mail, id })
      return DONE
    },

    /** A link for a moderator; null if it was withdrawn or used meanwhile. */
    async toModerator(
      job: Extract<MailJob, { mail: 'invitation' | 'confirm_moderator' }>,
      minted: { token: Token; role: Role | null; by: string | null; username: string | null } | null,
      id: string,
    ): Promise<JobResult> {
      if (minted === null) return late
      const { token, role, by, username } = minted
      const mail: Mail =
        job.mail === 'invitation'
          ? {
              kind: 'invitation',
              role: role ?? 'moderator',
              by,
              link: `${site.url}/admin/join/${token}`,
              days: LINK_DAYS,
            }
          : {
              kind: 'confirm_moderator',
              username: username ?? '',
              link: `${site.url}/admin/confirm/${token}`,
              days: LINK_DAYS,
            }
      await mailer.send({ to: [job.email], language: job.language, mail, id })
      return DONE
    },

    async unknownAddress(job: Extract<MailJob, { mail: 'unknown_address' }>, id: string): Promise<JobResult> {
      const mail: Mail = { kind: 'unknown_address', link: `${site.url}/register` }
      await mailer.send({ to: [job.email], language: job.language, mail, id })
      return DONE
    },
  }
}
