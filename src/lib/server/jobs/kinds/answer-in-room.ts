import type { JobOf } from '$lib/registration/job'
import type { JobResult } from '../../registrations/job-results'
import { HomeserverError } from '../../homeserver/homeserver'
import { answerWords } from '../room-words'
import { cancelled, DONE, type JobServices } from '../run'
import { OFF } from '../to-moderators'

/** Answers in the moderators' room: in the thread of the message that somebody reacted to or answered, or to all. */
export async function answerInRoom(
  { target, says, by }: JobOf<'answer_in_room'>,
  { homeserver, rooms, site }: Pick<JobServices, 'homeserver' | 'rooms' | 'site'>,
  { id }: { id: string },
): Promise<JobResult> {
  if (rooms.adminRoom === null) return OFF
  const thread = target === null ? {} : { thread: target }
  const text = answerWords(says, by ?? null, { site })
  try {
    await homeserver.sendMessage(rooms.adminRoom.room, id, { text, notice: true, ...thread })
    return DONE
  } catch (error) {
    if (error instanceof HomeserverError && error.kind === 'missing')
      return cancelled('The message that it answers is not there any more')
    throw error
  }
}
