import { withoutLinksInId } from '$lib/registration/linkable'
import { HOUR } from '$lib/registration/time'
import { matrixId } from '$lib/registration/username'
import type { Waiting } from '../database/registrations'
import type { Mail } from '../mail/mail'
import type { JobServices } from './run'

/** Waiting requests as emails report them: how many in total, and a link for each that is named. */
export function waitingMail(
  { count, oldest, some }: Waiting,
  {
    homeserver: { domain },
    registrar,
    site: { url },
  }: Pick<JobServices, 'homeserver' | 'registrar' | 'site'>,
): Omit<Extract<Mail, { kind: 'moderators_waiting' }>, 'reminder'> {
  const requests = some.map(({ id, username }) => ({
    matrixId: withoutLinksInId(matrixId(username, domain)),
    link: `${url}/admin/registrations/${id}`,
  }))
  return {
    kind: 'moderators_waiting',
    waiting: count,
    oldestHours: Math.floor((registrar.now() - oldest) / HOUR),
    requests,
    link: `${url}/admin`,
  }
}
