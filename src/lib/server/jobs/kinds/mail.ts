import { isResting, undoWindow } from '$lib/registration/decide'
import type { MailJob } from '$lib/registration/job'
import { LINK_DAYS } from '../../auth/moderator-links'
import type { AddressedMail, ApplicantMail, LinkMail, Sources } from '../../mail/definition'
import type { Letter } from '../../mail/mail'
import { JOB_MAILS, type Mail } from '../../mail/mails'
import type { Registration } from '$lib/registration/registration'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, DONE, withRegistration, type JobServices } from '../run'

type Services = Pick<JobServices, 'database' | 'mailer' | 'mailSources' | 'moderatorLinks' | 'site'>

type LinkJob = Extract<MailJob, { link: string }>
type AddressedJob = Exclude<Extract<MailJob, { email: string }>, LinkJob>
type ApplicantJob = Exclude<MailJob, { email: string }>

/** Sends one email, composed now, with fresh links, unless it no longer applies. */
export async function mail(
  job: MailJob,
  services: Services,
  row: { id: string; registrationId: string | null },
): Promise<JobResult> {
  if ('link' in job) return send(job, await composeLink(job, services), services, row.id)
  if ('email' in job) return send(job, await composeAddressed(job, services.mailSources), services, row.id)
  return toApplicant(job, services, row)
}

const toApplicant = withRegistration<ApplicantJob, Services>(async (registration, services, job, id) => {
  const language = 'language' in job ? job.language : registration.language
  const { mailSources } = services
  const mail = await composeForApplicant(job, registration, mailSources)
  const policy = mailSources.policy()
  // The decision may be undone, and this email be true again.
  if (mail === null && isResting(registration, policy))
    return { state: 'postponed', runAt: registration.stateSince + undoWindow(registration, policy) }
  return send({ email: registration.email, language }, mail, services, id)
})

/** The email to an applicant that a job sends, or null if the registration has changed since. */
export function composeForApplicant(
  job: ApplicantJob,
  registration: Registration,
  sources: Sources,
): Promise<Mail | null> {
  const definition: ApplicantMail<ApplicantJob['mail'], Mail> = JOB_MAILS[job.mail]
  return definition.compose(job, registration, sources)
}

function composeAddressed(job: AddressedJob, sources: Sources): Promise<Mail | null> {
  const definition: AddressedMail<AddressedJob['mail'], Mail> = JOB_MAILS[job.mail]
  return definition.compose(job, sources)
}

/** Null if the link was withdrawn or used meanwhile. */
async function composeLink(job: LinkJob, { moderatorLinks, site }: Services): Promise<Mail | null> {
  const minted = await moderatorLinks.mint(job.link)
  if (minted === null) return null
  const { token, ...about } = minted
  const to = (page: 'join' | 'confirm') => `${site.url}/admin/${page}/${token}`
  const definition: LinkMail<LinkJob['mail'], Mail> = JOB_MAILS[job.mail]
  return definition.compose(job, { ...about, to, days: LINK_DAYS })
}

async function send(
  { email, language }: { email: string; language: Letter['language'] },
  mail: Mail | null,
  { mailer }: Services,
  id: string,
): Promise<JobResult> {
  if (mail === null) return cancelled('The registration has changed since, so this email no longer applies')
  await mailer.send({ to: [email], language, mail, id })
  return DONE
}
