import type { JobOf } from '$lib/registration/job'
import { matrixId } from '$lib/registration/username'
import { cancelled, DONE, withRegistration, type JobServices } from '../run'

/** Only after unlocking, and never taking it from another account: checked right before the bind. */
export const bindAddress = withRegistration<
  JobOf<'bind_address'>,
  Pick<JobServices, 'database' | 'homeserver'>
>(async ({ username, email, account }, { homeserver }) => {
  if (account !== 'open') return cancelled('The account is not active')
  const owner = await homeserver.addressOwner(email)
  const mine = matrixId(username, homeserver.domain)
  if (owner !== null && owner !== mine)
    return {
      state: 'failed',
      error: `The email address already belongs to ${owner}, so it was not added to ${mine}`,
    }
  if (owner === null) await homeserver.bindAddress(username, email)
  return DONE
})
