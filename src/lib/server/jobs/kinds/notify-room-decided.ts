import type { JobOf } from '$lib/registration/job'
import type { JobResult } from '../../registrations/job-results'
import { updateNotices, type NoticeServices } from '../room-notice'

/** The messages in the moderators' room about a request say what became of it. */
export async function notifyRoomDecided(
  { registration }: JobOf<'notify_room_decided'>,
  services: NoticeServices,
  { id }: { id: string },
): Promise<JobResult> {
  return updateNotices(registration, services, id)
}
