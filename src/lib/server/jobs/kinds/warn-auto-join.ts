import type { JobOf } from '$lib/registration/job'
import { withoutLinksInId } from '$lib/registration/linkable'
import { matrixId as matrixIdOf } from '$lib/registration/username'
import { m } from '$lib/paraglide/messages'
import type { JobResult } from '../../registrations/job-results'
import type { JobServices } from '../run'
import { mailOperators, tellRoom } from '../to-moderators'

/** Tells operator and moderators that new accounts join rooms before they are approved. */
export async function warnAutoJoin(
  { by, username, rooms, to }: JobOf<'warn_auto_join'>,
  services: Pick<JobServices, 'homeserver' | 'mailer' | 'operators' | 'rooms' | 'site'>,
  { id }: { id: string },
): Promise<JobResult> {
  const { url, language } = services.site
  const matrixId = withoutLinksInId(matrixIdOf(username, services.homeserver.domain))
  if (by === 'mail') {
    const mail = { kind: 'moderators_auto_join', matrixId, rooms, link: `${url}/admin` } as const
    return mailOperators(mail, services, { id, to })
  }
  const values = { matrixId, count: rooms.length }
  return tellRoom(m.room_auto_join(values, { locale: language }), services, id)
}
