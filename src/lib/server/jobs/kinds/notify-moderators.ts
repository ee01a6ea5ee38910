import type { JobOf } from '$lib/registration/job'
import { findWaiting } from '../../database/registrations'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, type JobServices } from '../run'
import { mailOperators } from '../to-moderators'
import { waitingMail } from '../waiting-mail'

/** Reports everything that is waiting; if the requests it was for are decided, there is nothing to say. */
export async function notifyModerators(
  { since, reminder, to }: JobOf<'notify_moderators'>,
  services: Pick<JobServices, 'database' | 'homeserver' | 'registrar' | 'mailer' | 'operators' | 'site'>,
  { id }: { id: string },
): Promise<JobResult> {
  const waiting = await services.database.read((reader) => findWaiting(reader, since))
  if (waiting.recent === 0) return cancelled('All of them are decided')
  return mailOperators({ ...waitingMail(waiting, services), reminder }, services, { id, to })
}
