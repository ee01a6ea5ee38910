import { wants } from '$lib/moderation/notices'
import type { JobOf } from '$lib/registration/job'
import { findModerator } from '../../database/moderators'
import { findWaiting } from '../../database/registrations'
import type { JobResult } from '../../registrations/job-results'
import { isNotifiedAnyway } from '../moderator-notices'
import { cancelled, DONE, type JobServices } from '../run'
import { waitingMail } from '../waiting-mail'

/** Notifies one moderator of those still waiting, if they still want that. */
export async function notifyPerson(
  { moderator, why, since }: JobOf<'notify_person'>,
  services: Pick<JobServices, 'database' | 'homeserver' | 'registrar' | 'mailer' | 'operators' | 'site'>,
  { id }: { id: string },
): Promise<JobResult> {
  const { database, registrar, mailer, operators, site } = services
  const { person, waiting } = await database.read(async (reader) => ({
    person: await findModerator(reader, moderator),
    waiting: await findWaiting(reader, since),
  }))
  if (person === null || !wants(person, why)) return cancelled('They no longer want this email')
  if (waiting.recent === 0) return cancelled('All of them are decided')
  if (isNotifiedAnyway(person, why, operators, registrar.now() - waiting.oldest))
    return cancelled('This address is notified through admin.email already')
  const mail = {
    ...waitingMail(waiting, services),
    reminder: why === 'reminder',
    person: { digest: why === 'digest', account: `${site.url}/admin/account` },
  }
  await mailer.send({ to: [person.email], language: person.language, mail, id })
  return DONE
}
