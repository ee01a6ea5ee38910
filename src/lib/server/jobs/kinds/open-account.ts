import type { JobOf } from '$lib/registration/job'
import type { Registration } from '$lib/registration/registration'
import { signsOfOthers } from '$lib/registration/signs'
import { HomeserverError } from '../../homeserver/homeserver'
import type { JobResult } from '../../registrations/job-results'
import { doubt, type AccountServices } from '../account-signs'
import { cancelled, withRegistration, type JobServices } from '../run'

/**
 * Unlocks an account. Nobody gets in unapproved, nor into an account that somebody else has by now. That it may be
 * active from here on is recorded before: a lost answer is no sign of others.
 */
export async function unlock(registration: Registration, services: AccountServices): Promise<JobResult> {
  const { registrar, accountLedger, homeserver } = services
  const { id, state, account: known, username, email } = registration
  const entry = await accountLedger.account(username)
  if (state !== 'approved') return cancelled('The registration is no longer approved')
  if (entry === null || entry.registrationId !== id || (known !== 'filled' && known !== 'open'))
    return cancelled('The account is not ready to be unlocked')
  const opened: JobResult = {
    state: 'done',
    action: { type: 'opened' },
    account: { localpart: username, state: 'open', openedAt: registrar.now() },
    // Stopped meanwhile: the job that locks it again waits for this one to end.
    otherwise: { localpart: username, state: entry.state, openedAt: registrar.now() },
  }
  const account = await homeserver.account(username)
  if (account !== null && !account.deactivated) {
    // Their email address is added after unlocking, and to nobody else's account.
    const isTheirs = account.addresses.includes(email)
    if (!account.locked && (isTheirs || entry.openedAt !== null)) return opened
    const signs = isTheirs ? [] : signsOfOthers(username, entry, account)
    if (signs.length > 0) return doubt(entry, signs, services, () => openAnew(id, services))
    if (!(await accountLedger.beginOpening(id, entry))) return openAnew(id, services)
  }
  try {
    await homeserver.open(username)
  } catch (error) {
    // A clear "no" unlocked nothing.
    if (entry.openedAt === null && error instanceof HomeserverError && error.kind !== 'unreachable')
      await accountLedger.recordAccount(null, { localpart: username, state: entry.state, openedAt: null }, [])
    throw error
  }
  return opened
}

async function openAnew(id: string, services: AccountServices): Promise<JobResult> {
  const registration = await services.registrar.find(id)
  return registration === null ? cancelled('The registration was deleted') : unlock(registration, services)
}

export const openAccount = withRegistration<
  JobOf<'open_account'>,
  AccountServices & Pick<JobServices, 'database'>
>(unlock)
