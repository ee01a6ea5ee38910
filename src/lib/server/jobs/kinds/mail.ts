import type { MailJob } from '$lib/registration/job'
import type { JobResult } from '../../registrations/job-results'
import { withRegistration, type JobServices } from '../run'

type Services = Pick<JobServices, 'database' | 'letters' | 'people'>

/** Sends one email, to whom it is for: an applicant, a moderator by a link, or somebody without a registration. */
export async function mail(
  job: MailJob,
  services: Services,
  row: { id: string; registrationId: string | null },
): Promise<JobResult> {
  const { letters, people } = services
  switch (job.mail) {
    case 'unknown_address':
      return letters.unknownAddress(job, row.id)
    case 'invitation':
    case 'confirm_moderator':
      return letters.toModerator(job, await people.mintLink(job.link), row.id)
    default:
      return toApplicant(job, services, row)
  }
}

const toApplicant = withRegistration<MailJob, Services>((registration, { letters }, job, id) =>
  letters.toApplicant(job, registration, id),
)
