import type { JobOf } from '$lib/registration/job'
import { isOnProbation } from '$lib/registration/state'
import type { AccountServices } from '../account-signs'
import { cancelled, withRegistration, type JobServices } from '../run'

const LOCKED =
  'The account is locked on the homeserver, so its owner could not use what they are told. Unlock it there and retry, or deny the request'

/**
 * Lifts the suspension of an account whose probation is over. Whoever removed it meanwhile had decided; whoever locked it
 * may not have, so that is left to a moderator, and nobody is told that they can write.
 */
export const liftSuspension = withRegistration<
  JobOf<'lift_suspension'>,
  Pick<AccountServices, 'accountLedger' | 'homeserver'> & Pick<JobServices, 'database'>
>(async (registration, { accountLedger, homeserver }) => {
  const { id, username, probation } = registration
  if (!isOnProbation(registration) || probation !== 'ending')
    return cancelled('The probation is not over, or was ended as a denial')
  const entry = await accountLedger.account(username)
  if (entry?.registrationId !== id || entry.state !== 'open')
    return cancelled('The account is not known to be active')
  const account = await homeserver.account(username)
  if (account?.deactivated === true)
    return {
      state: 'done',
      action: { type: 'found_removed' },
      account: { localpart: username, state: 'removed', openedAt: entry.openedAt },
    }
  if (account?.locked === true) return { state: 'failed', error: LOCKED }
  await homeserver.suspend(username, false)
  return { state: 'done', action: { type: 'unsuspended' } }
})
