import { isResting } from '$lib/registration/decide'
import type { JobOf } from '$lib/registration/job'
import { ownAddress, signsOfOthers } from '$lib/registration/signs'
import type { LedgerEntry } from '../../database/accounts'
import type { JobResult } from '../../registrations/job-results'
import { mayStillUnlock } from '../../registrations/transaction'
import { doubt, mayBeOpen, signsBeside, wasUsed, type AccountServices } from '../account-signs'
import { cancelled } from '../run'
import { completeClaim, removeAccount } from './remove-account'

type Job = JobOf<'lock_account'>

const LOCKED: JobResult = { state: 'done', events: [] }
/** How often an account is looked at that may still be unlocked. */
const LOOK_AGAIN_MS = 5_000

/** Locks an account that was created here, and not locked by the request that created it. */
export async function lockAccount(job: Job, services: AccountServices): Promise<JobResult> {
  const { accountLedger, homeserver } = services
  const { username } = job
  const entry = await accountLedger.account(username)
  if (entry !== null && mayBeOpen(entry)) return close(job, entry, services)
  if (entry === null || !['claiming', 'claimed', 'reviving'].includes(entry.state))
    return cancelled('The account is already locked, or was not created here')
  const account = await homeserver.account(username)
  if (account === null) {
    if (entry.state === 'claiming' && (await isHalfMade(entry, services)))
      return cancelled(
        'The homeserver gives the username to nobody: the next attempt of its applicant tells why',
      )
    if (entry.state === 'claiming' && (await completeClaim(entry, services)))
      return removeAccount({ kind: 'remove_account', username }, services)
    const events = entry.state === 'claiming' ? [] : [{ kind: 'account_missing' as const }]
    const struck = await accountLedger.moveAccount(entry, { localpart: username, state: null }, events)
    return struck ? LOCKED : lockAccount(job, services)
  }
  const signs = signsOfOthers(username, entry, account)
  if (entry.state === 'claiming' || signs.length > 0)
    return doubt(entry, signs, services, () => lockAccount(job, services))
  // Its applicant's next attempt reactivates it.
  if (entry.state === 'reviving') return cancelled('The account is locked, or still deactivated')
  if (!account.locked) await homeserver.lock(username)
  const locked = await accountLedger.moveAccount(entry, { localpart: username, state: 'locked' }, [
    { kind: 'account_locked' },
  ])
  return locked ? LOCKED : lockAccount(job, services)
}

/**
 * There is no account, but nobody else can have one of that name, and its applicant can try again: MAS stopped when Synapse
 * had it already, and only who knows of the first attempt can complete it. Looked at again by the clean-up.
 */
async function isHalfMade(
  { localpart, registrationId }: LedgerEntry,
  { registrar, homeserver }: AccountServices,
): Promise<boolean> {
  const holder = registrationId === null ? null : await registrar.find(registrationId)
  if (holder?.holdsName !== true || holder.username !== localpart) return false
  return (await homeserver.nameAnswer(localpart)) !== 'free'
}

/**
 * Its approval was stopped when it may have been active already, because the answer was lost or came too late. As long as
 * the homeserver may still unlock it, that is not forgotten; and it is looked at again until another job does so: the one
 * that removes it, or unlocks it again.
 */
async function close(job: Job, entry: LedgerEntry, services: AccountServices): Promise<JobResult> {
  const { registrar, accountLedger, homeserver } = services
  const { localpart, state, openedAt, registrationId } = entry
  const account = await homeserver.account(localpart)
  if (account === null) {
    const struck = await accountLedger.moveAccount(entry, { localpart, state: null }, [
      { kind: 'account_missing' },
    ])
    return struck ? LOCKED : lockAccount(job, services)
  }
  const holder = registrationId === null ? null : await registrar.find(registrationId)
  const signs = signsOfOthers(localpart, entry, account, ownAddress(holder, localpart))
  if (signsBeside(entry, signs).length > 0)
    return doubt(entry, signs, services, () => lockAccount(job, services))
  if (!account.locked) await homeserver.lock(localpart)
  const used = wasUsed(signs)
  const { until = 0 } = job
  const now = registrar.now()
  const mayCome = mayStillUnlock(until, now)
  const closed = { localpart, state, openedAt: used || mayCome ? openedAt : null }
  const events = account.locked ? [] : [{ kind: 'account_closed' as const, detail: { used } }]
  if (!(await accountLedger.moveAccount(entry, closed, events))) return lockAccount(job, services)
  const waits = holder !== null && (holder.state === 'requested' || isResting(holder, registrar.policy()))
  return mayCome && waits ? { state: 'postponed', runAt: Math.min(now + LOOK_AGAIN_MS, until) } : LOCKED
}
