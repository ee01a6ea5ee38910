import type { JobOf } from '$lib/registration/job'
import { HOUR } from '$lib/registration/time'
import { m } from '$lib/paraglide/messages'
import type { JobResult } from '../../registrations/job-results'
import { findWaiting } from '../../database/registrations'
import { findRoomNotice } from '../../database/room-notices'
import { beginNotice, sendNotice, type NoticeServices } from '../room-notice'
import { cancelled } from '../run'
import { OFF, tellRoom } from '../to-moderators'

/**
 * Notifies the moderators' room of requests still waiting: a single one individually, several by their number. What it
 * says of a single one is kept before it is sent, so that it can say later what became of that.
 */
export async function notifyRoom(
  { since }: JobOf<'notify_room'>,
  services: NoticeServices,
  { id: job }: { id: string },
): Promise<JobResult> {
  const { database, homeserver, registrar, rooms, site } = services
  const { adminRoom } = rooms
  if (adminRoom === null) return OFF
  const roomId = await homeserver.roomId(adminRoom.room)
  const { waiting, notice } = await database.write(async (tx) => {
    const waiting = await findWaiting(tx, since)
    const begun = await findRoomNotice(tx, job)
    // It may have arrived: another text would be lost, because it has the same transaction ID.
    if (begun?.room === roomId) return { waiting, notice: begun }
    const [first] = waiting.some
    if (first === undefined || waiting.recent !== 1) return { waiting, notice: null }
    return { waiting, notice: await beginNotice(tx, first, { job, roomId, adminRoom }, services) }
  })
  if (notice !== null) return sendNotice(notice, adminRoom, services)
  const { count, oldest, recent } = waiting
  if (recent === 0) return cancelled('All of them are decided')
  const hours = Math.floor((registrar.now() - oldest) / HOUR)
  const locale = { locale: site.language }
  const link = `${site.url}/admin`
  const text =
    hours === 0
      ? m.room_new_requests_recent({ count, link }, locale)
      : m.room_new_requests({ count, hours, link }, locale)
  const hint = adminRoom.decide === 'reactions' ? `\n${m.room_gathered({}, locale)}` : ''
  // A retry may find one request, and tell of that as the job itself: this message must not be taken for that one. How
  // many it counted first stays, as the page that it links to counts anew.
  return tellRoom(text + hint, services, `${job}-several`)
}
