import type { JobOf } from '$lib/registration/job'
import { HOUR } from '$lib/registration/time'
import { m } from '$lib/paraglide/messages'
import type { JobResult } from '../../registrations/job-results'
import { findWaiting } from '../../database/registrations'
import { findRoomNotice, putRoomNotice, updateRoomNotice, type RoomNotice } from '../../database/room-notices'
import { requestWords } from '../room-words'
import { cancelled, type JobServices } from '../run'
import { OFF, tellRoom } from '../to-moderators'
import { notifyRoomDecided } from './notify-room-decided'

type Services = Pick<JobServices, 'database' | 'homeserver' | 'registrar' | 'rooms' | 'site'>

/**
 * Notifies the moderators' room of requests still waiting: a single one individually, several by their number. What it
 * says of a single one is kept before it is sent, so that it can say later what became of that.
 */
export async function notifyRoom(
  { since }: JobOf<'notify_room'>,
  services: Services,
  { id: job }: { id: string },
): Promise<JobResult> {
  const { database, homeserver, registrar, rooms, site } = services
  if (rooms.adminRoom === null) return OFF
  const { room, template } = rooms.adminRoom
  const roomId = await homeserver.roomId(room)
  const { waiting, notice } = await database.write(async (tx) => {
    const waiting = await findWaiting(tx, since)
    const begun = await findRoomNotice(tx, job)
    // It may have arrived: another text would be lost, because it has the same transaction ID.
    if (begun?.room === roomId) return { waiting, notice: begun }
    const [first] = waiting.some
    if (first === undefined || waiting.recent !== 1) return { waiting, notice: null }
    const text = requestWords(first, template, services)
    const notice: RoomNotice = {
      job,
      registrationId: first.id,
      room: roomId,
      eventId: null,
      text,
      shown: text,
    }
    await putRoomNotice(tx, notice)
    return { waiting, notice }
  })
  if (notice !== null) {
    if (notice.eventId === null) {
      const eventId = await homeserver.sendMessage(room, job, { text: notice.text })
      await database.write((tx) => updateRoomNotice(tx, { job, eventId }))
    }
    // It may have been decided while this was on its way.
    return notifyRoomDecided({ kind: 'notify_room_decided', registration: notice.registrationId }, services, {
      id: job,
    })
  }
  const { count, oldest, recent } = waiting
  if (recent === 0) return cancelled('All of them are decided')
  const hours = Math.floor((registrar.now() - oldest) / HOUR)
  const text = m.room_new_requests({ count, hours, link: `${site.url}/admin` }, { locale: site.language })
  return tellRoom(text, services, job)
}
