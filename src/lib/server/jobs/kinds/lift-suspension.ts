import type { JobOf } from '$lib/registration/job'
import { isOnProbation } from '$lib/registration/state'
import type { AccountServices } from '../account-signs'
import { cancelled, withRegistration, type JobServices } from '../run'

/** Lifts the suspension of an account whose probation is over. Whoever removed it meanwhile had decided. */
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
  await homeserver.suspend(username, false)
  return { state: 'done', action: { type: 'unsuspended' } }
})
