import { updateRoomNotice, type RoomNotice } from '../database/room-notices'
import type { RoomMessage } from '../homeserver/homeserver'
import { isEventId } from './room-seeds'
import type { JobServices } from './run'

/** In place of what is not to be said any more. */
const NOTHING: RoomMessage = { text: '…' }

/**
 * In the thread of a message about a request stands what moderators need to know of it (`words`), and nothing once it
 * does not wait (null): it is taken out of the room. It is kept before it is sent, by its transaction ID, which has the
 * version of the registration in it. If it is not known to have arrived, something harmless goes out under that ID: the
 * homeserver answers what arrived, and that is taken out.
 */
export async function keepDetails(
  notice: RoomNotice & { eventId: string },
  { words, version }: { words: RoomMessage | null; version: number },
  { database, homeserver }: Pick<JobServices, 'database' | 'homeserver'>,
): Promise<void> {
  const { job, room, eventId } = notice
  let { detailsId } = notice
  async function keep(now: string | null): Promise<void> {
    detailsId = now
    await database.write((tx) => updateRoomNotice(tx, { job, detailsId: now }))
  }

  if (words !== null && detailsId === null) await keep(`${job}-details-${version}`)
  if (detailsId === null) return
  if (!isEventId(detailsId))
    await keep(await homeserver.sendMessage(room, detailsId, { ...(words ?? NOTHING), thread: eventId }))
  if (words !== null || detailsId === null) return
  await homeserver.redact(room, detailsId, `${job}-${detailsId}`)
  await keep(null)
}
