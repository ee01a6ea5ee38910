import type { JobOf } from '$lib/registration/job'
import { ownAddress, signsOfOthers } from '$lib/registration/signs'
import { isOursUnopened } from '$lib/registration/state'
import type { LedgerEntry } from '../../database/accounts'
import type { JobResult } from '../../registrations/job-results'
import { CLAIM_MS } from '../../registrations/transaction'
import { doubt, mayBeOpen, signsBeside, wasUsed, type AccountServices } from '../account-signs'
import { cancelled } from '../run'

/** Removes an account that was created here, was never unlocked, and belongs to nobody. */
export async function removeAccount(
  job: JobOf<'remove_account'>,
  services: AccountServices,
): Promise<JobResult> {
  const { registrar, accountLedger, homeserver } = services
  const { username } = job
  const entry = await accountLedger.account(username)
  if (job.opened === true) return removeOpened(entry, services)
  if (entry === null || !isOursUnopened(entry.state) || (entry.openedAt !== null && !mayBeOpen(entry)))
    return cancelled('The account was not created here, or is not waiting to be unlocked')
  if (entry.state === 'claiming' && registrar.now() - entry.changedAt < CLAIM_MS)
    return cancelled('The account is being created: it is removed once there is an answer')
  const holder = entry.registrationId === null ? null : await registrar.find(entry.registrationId)
  if (holder !== null && holder.username === username && holder.holdsName)
    return cancelled('The account belongs to a registration in progress')
  const account = await homeserver.account(username)
  if (account === null && entry.state === 'claiming' && (await completeClaim(entry, services)))
    return removeAccount(job, services)
  // If the answer to the claim was lost, it is unknown whose it is.
  const signs = account === null ? [] : signsOfOthers(username, entry, account, ownAddress(holder, username))
  const others = signsBeside(entry, signs, 'deactivated')
  if (account !== null && (entry.state === 'claiming' || others.length > 0))
    return doubt(entry, signs, services, () => removeAccount(job, services))
  if (account !== null && !account.deactivated) await homeserver.remove(username)
  // It can be reused for the same username, unless it never existed.
  const gone = account === null && entry.state === 'claiming'
  return {
    state: 'done',
    account: gone
      ? { localpart: username, state: null }
      : { localpart: username, state: 'removed', openedAt: wasUsed(signs) ? entry.openedAt : null },
    events: gone ? [] : [{ kind: 'account_removed' }],
  }
}

/**
 * There is no account, but the username can be had by nobody: MAS stopped when Synapse had the account already. Completes
 * the claim as its applicant's next attempt would, so that the account can be removed and the username used again. Answers
 * whether there is an account now: the completed one, or one that may be what the first attempt made meanwhile.
 */
export async function completeClaim(
  entry: LedgerEntry,
  { registrar, accountLedger, homeserver }: AccountServices,
): Promise<boolean> {
  const { localpart, changedAt } = entry
  if ((await homeserver.nameAnswer(localpart)) === 'free') return false
  const answer = await homeserver.claim(localpart, registrar.now() - changedAt)
  if (answer === 'made') {
    const made = { localpart, state: 'claimed', madeAt: registrar.now() } as const
    await accountLedger.moveAccount(entry, made, [{ kind: 'account_claimed' }])
  }
  return answer === 'made' || answer === 'unclear'
}

/**
 * Its probation ended as a denial: whoever used it is its applicant. That it was active stays recorded, so nobody else
 * gets the username.
 */
async function removeOpened(entry: LedgerEntry | null, services: AccountServices): Promise<JobResult> {
  const { registrar, homeserver } = services
  if (entry?.state !== 'open') return cancelled('The account was not created here, or is not active')
  const { localpart, registrationId, openedAt } = entry
  const holder = registrationId === null ? null : await registrar.find(registrationId)
  if (holder !== null && holder.state !== 'denied')
    return cancelled('The account belongs to a registration that was not denied')
  await homeserver.remove(localpart)
  return {
    state: 'done',
    account: { localpart, state: 'removed', openedAt },
    events: [{ kind: 'account_removed' }],
  }
}
