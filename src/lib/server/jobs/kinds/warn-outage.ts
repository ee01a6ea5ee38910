import type { JobOf } from '$lib/registration/job'
import { m } from '$lib/paraglide/messages'
import { momentText } from '$lib/text/moment'
import type { JobResult } from '../../registrations/job-results'
import { cancelled, type JobServices } from '../run'
import { mailOperators, tellRoom } from '../to-moderators'

/** Tells the moderators that a server is unavailable since then, as long as it is. */
export async function warnOutage(
  { by, server, since, to }: JobOf<'warn_outage'>,
  services: Pick<JobServices, 'outages' | 'homeserver' | 'mailer' | 'operators' | 'rooms' | 'site'>,
  { id }: { id: string },
): Promise<JobResult> {
  const { url, language } = services.site
  const outages = await services.outages.current()
  const outage = outages.find((found) => found.server === server && found.since === since)
  if (outage === undefined) return cancelled('The outage is over')
  const { reason, waiting } = outage
  if (by === 'mail') {
    const mail = { kind: 'moderators_outage', since, reason, waiting, link: `${url}/admin` } as const
    return mailOperators(mail, services, { id, to })
  }
  const values = { since: momentText(since, language, 'UTC'), reason, count: waiting }
  return tellRoom(m.room_mail_outage(values, { locale: language }), services, id)
}
