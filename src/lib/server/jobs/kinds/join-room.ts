import type { JobOf } from '$lib/registration/job'
import { DONE, REMOVED, withRegistration, type JobServices } from '../run'

/** A new account joins one of the rooms of `auto_join`. */
export const joinRoom = withRegistration<JobOf<'join_room'>, Pick<JobServices, 'database' | 'homeserver'>>(
  async ({ username, account }, { homeserver }, { room }) => {
    if (account === 'removed') return REMOVED
    await homeserver.joinRoom(username, room)
    return DONE
  },
)
