import type { JobOf } from '$lib/registration/job'
import { withoutLinks, withoutLinksInAddress, withoutLinksInId } from '$lib/registration/linkable'
import type { Registration } from '$lib/registration/registration'
import { HOUR } from '$lib/registration/time'
import { matrixId } from '$lib/registration/username'
import { withoutDirections } from '$lib/moderation/visible-text'
import { m } from '$lib/paraglide/messages'
import type { JobResult } from '../../registrations/job-results'
import { findWaiting } from '../../database/registrations'
import { fillTemplate } from '../../text/template'
import { cancelled, type JobServices } from '../run'
import { OFF, tellRoom } from '../to-moderators'

type Services = Pick<JobServices, 'database' | 'homeserver' | 'registrar' | 'rooms' | 'site'>

/** Notifies the moderators' room of requests still waiting: a single one individually, several by their number. */
export async function notifyRoom(
  { since }: JobOf<'notify_room'>,
  services: Services,
  { id }: { id: string },
): Promise<JobResult> {
  const { database, registrar, rooms, site } = services
  if (rooms.adminRoom === null) return OFF
  const { some, count, oldest, recent } = await database.read((reader) => findWaiting(reader, since))
  const [first] = some
  if (first === undefined || recent === 0) return cancelled('All of them are decided')
  const hours = Math.floor((registrar.now() - oldest) / HOUR)
  const text = (template: string | null) =>
    recent === 1
      ? one(first, template, services)
      : m.room_new_requests({ count, hours, link: `${site.url}/admin` }, { locale: site.language })
  return tellRoom(text, services, id)
}

/** One request by the operator's template, or in our words with username and link only: a room keeps it forever. */
function one(
  { id, username, email, reason, exchange }: Registration,
  template: string | null,
  { homeserver: { domain }, site }: Services,
): string {
  const link = `${site.url}/admin/registrations/${id}`
  const values = {
    username: withoutLinks(username),
    matrix_domain: domain,
    email: withoutLinksInAddress(email),
    reason: withoutLinks(withoutDirections(reason ?? '')),
    admin_url: link,
  }
  const text = template === null ? '' : fillTemplate(template, values).trim()
  if (text !== '') return text
  const words = exchange === 'answered' ? m.room_answered : m.room_new_request
  return words({ matrixId: withoutLinksInId(matrixId(username, domain)), link }, { locale: site.language })
}
