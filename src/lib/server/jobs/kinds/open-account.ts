import type { JobOf } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { signsOfOthers, type Account } from '$lib/registration/signs'
import { HomeserverError } from '../../homeserver/homeserver'
import type { JobResult } from '../../registrations/job-results'
import { doubt, signsBeside, type AccountServices } from '../account-signs'
import { cancelled, withRegistration, type JobServices } from '../run'

/**
 * Makes an account ready for a probation, while nobody can use it: a suspended account can join no room, not even by
 * the operator (Synapse 1.160), so it joins those of `auto_join` before. One that is unlocked already is suspended first.
 * Returns the rooms that refused it.
 */
async function suspend(
  { username }: Registration,
  account: Account,
  { registrar, homeserver, log }: AccountServices,
): Promise<string[]> {
  const { autoJoin } = registrar.policy()
  const unjoined: string[] = []
  if (!account.locked && !account.suspended) await homeserver.suspend(username, true)
  if (account.suspended && account.locked && autoJoin.length > 0) await homeserver.suspend(username, false)
  for (const room of autoJoin) {
    try {
      await homeserver.joinRoom(username, room)
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.outage || error.kind === 'limited') throw error
      log.warn({ room, reason: error.why }, 'A room refused an account before its probation')
      unjoined.push(room)
    }
  }
  await homeserver.suspend(username, true)
  return unjoined
}

/**
 * Unlocks an account, for a probation only once it is suspended. Nobody gets in unapproved, nor into an account that
 * somebody else has by now. That it may be active from here on is recorded before: a lost answer is no sign of others.
 */
export async function unlock(registration: Registration, services: AccountServices): Promise<JobResult> {
  const { registrar, accountLedger, homeserver } = services
  const { id, state, account: known, username, email } = registration
  const entry = await accountLedger.account(username)
  if (state !== 'approved') return cancelled('The registration is no longer approved')
  if (entry === null || entry.registrationId !== id || (known !== 'filled' && known !== 'open'))
    return cancelled('The account is not ready to be unlocked')
  const isSuspended = registration.probation === 'planned'
  const opened = (unjoined: string[]): JobResult => ({
    state: 'done',
    action: isSuspended ? { type: 'opened', suspended: true, unjoined } : { type: 'opened' },
    account: { localpart: username, state: 'open', openedAt: registrar.now() },
    // Stopped meanwhile: the job that locks it again waits for this one to end.
    otherwise: { localpart: username, state: entry.state, openedAt: registrar.now() },
  })
  let unjoined: string[] = []
  const account = await homeserver.account(username)
  if (account !== null && !account.deactivated) {
    // Their email address is added after unlocking, and to nobody else's account.
    const isTheirs = account.addresses.includes(email)
    if (!account.locked && (isTheirs || entry.openedAt !== null)) {
      return opened(isSuspended ? await suspend(registration, account, services) : [])
    }
    const signs = isTheirs ? [] : signsBeside(entry, signsOfOthers(username, entry, account))
    if (signs.length > 0) return doubt(entry, signs, services, () => openAnew(id, services))
    if (!(await accountLedger.beginOpening(registration, entry))) return openAnew(id, services)
  }
  try {
    if (account !== null && isSuspended) unjoined = await suspend(registration, account, services)
    // An approval on probation was undone before, or the account was removed and reactivated.
    else if (account?.suspended === true && account.locked) await homeserver.suspend(username, false)
    await homeserver.open(username)
  } catch (error) {
    // A clear "no" unlocked nothing.
    if (entry.openedAt === null && error instanceof HomeserverError && error.kind !== 'unreachable')
      await accountLedger.recordAccount(null, { localpart: username, state: entry.state, openedAt: null }, [])
    throw error
  }
  return opened(unjoined)
}

async function openAnew(id: string, services: AccountServices): Promise<JobResult> {
  const registration = await services.registrar.find(id)
  return registration === null ? cancelled('The registration was deleted') : unlock(registration, services)
}

export const openAccount = withRegistration<
  JobOf<'open_account'>,
  AccountServices & Pick<JobServices, 'database'>
>(unlock)
