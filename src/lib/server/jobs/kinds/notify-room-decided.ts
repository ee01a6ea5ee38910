import { createHash } from 'node:crypto'
import type { JobOf } from '$lib/registration/job'
import type { JobResult } from '../../registrations/job-results'
import { findJobs } from '../../database/jobs'
import { findModerator } from '../../database/moderators'
import { findRegistration } from '../../database/registrations'
import { deleteRoomNotice, findRoomNotices, updateRoomNotice } from '../../database/room-notices'
import { wordsNow } from '../room-words'
import { cancelled, DONE, type JobServices } from '../run'
import { OFF } from '../to-moderators'

type Services = Pick<JobServices, 'database' | 'homeserver' | 'rooms' | 'site'>

/**
 * The messages in the moderators' room about a request say what is: that it was decided and by whom, that it was
 * withdrawn, that a step failed, or again what they said first, if a decision was undone. What was sent to another room
 * stays there, and so does what was last said of a registration that was deleted; what the homeserver does not have any
 * more is forgotten.
 */
export async function notifyRoomDecided(
  { registration: registrationId }: JobOf<'notify_room_decided'>,
  services: Services,
  { id }: { id: string },
): Promise<JobResult> {
  const { database, homeserver, rooms } = services
  if (rooms.adminRoom === null) return OFF
  const { room } = rooms.adminRoom
  const roomId = await homeserver.roomId(room)
  const { registration, by, isStuck, notices } = await database.read(async (reader) => {
    const registration = await findRegistration(reader, registrationId)
    const decidedBy = registration?.decidedBy ?? null
    const by = decidedBy === null ? null : ((await findModerator(reader, decidedBy))?.username ?? null)
    const jobs = await findJobs(reader, registrationId)
    const isStuck = jobs.some(({ state }) => state === 'failed')
    return { registration, by, isStuck, notices: await findRoomNotices(reader, registrationId) }
  })
  if (registration === null) return cancelled('The registration was deleted')
  for (const { job, room: sentTo, eventId, text, shown } of notices) {
    // Not sent yet: its own job looks at the registration again when it is.
    if (eventId === null || sentTo !== roomId) continue
    const words = wordsNow(registration, { first: text, by, isStuck }, services)
    if (words === shown) continue
    const edit = hash([eventId, String(registration.version), words])
    await database.write((tx) => updateRoomNotice(tx, { job, shown: null }))
    const done = await homeserver.editMessage(room, eventId, `${id}-${edit}`, { text: words })
    await database.write((tx) =>
      done === 'gone' ? deleteRoomNotice(tx, job) : updateRoomNotice(tx, { job, shown: words }),
    )
  }
  return DONE
}

/**
 * Of a message and what it is to say. The homeserver drops what has a transaction ID that it knows: a repeat of the job
 * changes nothing twice, but what was decided since the first attempt is another change.
 */
const hash = (parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
