import type { JobOf } from '$lib/registration/job'
import type { JobResult } from '../../registrations/job-results'
import { findRegistration } from '../../database/registrations'
import { findRoomNotice } from '../../database/room-notices'
import { beginNotice, sendNotice, type NoticeServices } from '../room-notice'
import { cancelled } from '../run'
import { OFF } from '../to-moderators'

/** Tells the moderators' room of a request that waits, which it was told of before: it is not what it was then. */
export async function notifyRoomAgain(
  { registration: registrationId }: JobOf<'notify_room_again'>,
  services: NoticeServices,
  { id: job }: { id: string },
): Promise<JobResult> {
  const { database, homeserver, rooms } = services
  const { adminRoom } = rooms
  if (adminRoom === null) return OFF
  const roomId = await homeserver.roomId(adminRoom.room)
  const notice = await database.write(async (tx) => {
    const begun = await findRoomNotice(tx, job)
    if (begun?.room === roomId) return begun
    const registration = await findRegistration(tx, registrationId)
    if (registration?.state !== 'requested') return null
    return beginNotice(tx, registration, { job, roomId, adminRoom }, services)
  })
  return notice === null ? cancelled('It does not wait any more') : sendNotice(notice, adminRoom, services)
}
