import type { JobOf } from '$lib/registration/job'
import { DONE, withRegistration, type JobServices } from '../run'

/** A new account joins one of the rooms of `auto_join`. */
export const joinRoom = withRegistration<JobOf<'join_room'>, Pick<JobServices, 'database' | 'homeserver'>>(
  async ({ username }, { homeserver }, { room }) => {
    await homeserver.joinRoom(username, room)
    return DONE
  },
)
