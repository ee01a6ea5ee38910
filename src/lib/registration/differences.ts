import type { Action } from './decide'
import type { EmailAddress } from './email'
import type { JobKind, NewJob } from './job'
import type { EventKind, Registration } from './registration'
import { signsOfOthers, type Account, type Sign } from './signs'
import { isOnProbation, isOursUnopened, type AccountState } from './state'
import type { Username } from './username'

/** Every way in which the homeserver and this database can disagree about a username. */
export const DIFFERENCES = [
  /** Approved, but no job is queued to unlock the account. */
  'not_opened',
  /** Approved, but its account was deactivated since: on purpose, or not. */
  'cannot_open',
  /**
   * The account is active, but the request is still waiting: it was unlocked after the backup was made, or by an
   * operator.
   */
  'found_open',
  /** A request's account is removed: decided after the backup was made, or by an operator. */
  'found_removed',
  /** A registration holds the username, but there is an account that was not created here. */
  'name_taken',
  /** A registration's account is missing on the homeserver, which was restored from an older backup. */
  'account_missing',
  /** The same if nobody is waiting for the account. */
  'nothing_there',
  /**
   * The account was unlocked, but is locked without the applicant's email: the homeserver was restored from an older
   * backup.
   */
  'locked_again',
  /** On probation, but the account is not suspended: lifted after the backup was made, or by an operator. */
  'found_unsuspended',
  /** The probation is over, but the account is suspended, and no job is queued to lift that. */
  'not_unsuspended',
  /** Nobody is waiting for the account, and no job is queued to remove it. */
  'not_removed',
  /** The account was created here and never unlocked, but shows that somebody has it. */
  'in_hands',
  /** The account was removed, but exists again, locked. */
  'back_locked',
  /** The account was removed, but exists again, active: it is somebody's. */
  'back_open',
  /** An unknown locked account: created here after the backup, or locked by an operator. */
  'unknown_lock',
] as const
export type DifferenceCode = (typeof DIFFERENCES)[number]

/** What is known about one username, here and on the homeserver. */
export interface Found {
  /** The registration that holds the username. Denied or withdrawn ones hold none. */
  registration: Registration | null
  ledger: {
    state: AccountState
    registrationId: string | null
    openedAt: number | null
  } | null
  account: Account | null
  /** The email address of the applicant whom the recorded account was created for, even if they hold no name now. */
  own?: EmailAddress | null
  /** Jobs for this registration and username that are still to run, or have failed and are shown to moderators. */
  pending: JobKind[]
}

/**
 * How to repair a difference, in this order. None of it touches the account itself: jobs do, and check again before.
 */
export interface Mend {
  /** The account's new state in the records; null deletes the record. */
  ledger?: 'open' | 'removed' | 'locked' | 'doubtful' | null
  /** The action on the registration. */
  action?: Action
  /** For the audit log, if no action covers it. */
  event?: EventKind
  /** A job that belongs to no registration. */
  job?: NewJob
}

export interface Difference {
  code: DifferenceCode
  /** Null: only an operator can repair it, on the homeserver, or a moderator in the queue. */
  mend: Mend | null
  /** Repaired only if named explicitly: what it is cannot be determined from here. */
  byNameOnly: boolean
}

/**
 * Returns how the homeserver and this database disagree about a username, or null. What resolves itself is no
 * difference: a creation or a removal that stopped halfway, an account that its applicant's next try reactivates or
 * finds missing, jobs that wait or have failed visibly, and an unverified account. An approval whose account is
 * deactivated is reported all the same: only a moderator can decide what becomes of it. An active account that was
 * deactivated later, or locked with its email on it, is no difference either: people leave, and operators lock. A
 * missing account is a difference as long as its registration is kept, because no homeserver forgets accounts;
 * without the registration nobody can be asked, and the record keeps the username from others. A password that an
 * older backup of the homeserver lacks cannot be detected: its owner resets it by email once the account is active.
 */
export function differenceOf(username: Username, found: Found): Difference | null {
  const { registration, ledger, account } = found
  if (ledger?.state === 'doubtful') return null
  const isOpening = registration?.state === 'approved' && ledger?.state === 'filled' && isOwn(found)
  if (ledger?.state === 'open' || (ledger !== null && ledger.openedAt !== null && !isOpening))
    return opened(found)
  if (account === null) return missing(found)
  if (ledger === null && account.locked && !account.deactivated)
    return by('unknown_lock', { ledger: 'doubtful', event: 'account_doubtful' })
  const others = ledger !== null && isOursUnopened(ledger.state) && !isOwn(found)
  if (registration === null || others) return unclaimed(username, { ...found, account })
  return underWay(username, registration, found, account)
}

function by(code: DifferenceCode, mend: Mend | null): Difference {
  return { code, mend, byNameOnly: code === 'unknown_lock' }
}

const isOwn = ({ registration, ledger }: Found) =>
  registration !== null && ledger?.registrationId === registration.id

function opened(found: Found): Difference | null {
  const { registration, account, pending } = found
  if (registration?.state !== 'completed' || !isOwn(found)) return null
  if (account === null) return by('account_missing', { ledger: null, action: { type: 'account_missing' } })
  if (isOnProbation(registration)) {
    const ended = onProbation(registration, account, pending)
    if (ended !== null) return ended
  }
  // The email is added right after unlocking, and an operator's lock does not remove it.
  const untouched = !account.addresses.includes(registration.email) && !pending.includes('bind_address')
  return account.locked && !account.deactivated && untouched ? by('locked_again', null) : null
}

/**
 * A suspension of an account that is on no probation is no difference: it is what operators do against abuse. If an
 * older backup of the homeserver brought it back, an operator lifts it.
 */
function onProbation(
  { probation }: Registration,
  account: NonNullable<Found['account']>,
  pending: JobKind[],
): Difference | null {
  if (pending.includes('lift_suspension')) return null
  if (account.deactivated)
    return by('found_removed', { ledger: 'removed', action: { type: 'found_removed' } })
  if (account.locked) return null
  if (!account.suspended) return by('found_unsuspended', { action: { type: 'found_unsuspended' } })
  return probation === 'ending' ? by('not_unsuspended', { action: { type: 'resume_unsuspending' } }) : null
}

function missing(found: Found): Difference | null {
  const { ledger, pending } = found
  if (ledger === null || !isOursUnopened(ledger.state) || ledger.state === 'claiming') return null
  if (isOwn(found)) return by('account_missing', { ledger: null, action: { type: 'account_missing' } })
  return pending.includes('remove_account')
    ? null
    : by('nothing_there', { ledger: null, event: 'account_missing' })
}

/** For a registration that holds the username. */
function underWay(
  username: Username,
  registration: Registration,
  { ledger, pending }: Found,
  account: NonNullable<Found['account']>,
): Difference | null {
  const { state } = registration
  if (state === 'completed') return null
  const ours = ledger !== null && isOursUnopened(ledger.state)
  if (state === 'approved' && ledger?.state === 'filled') {
    if (account.deactivated) return by('cannot_open', null)
    return pending.includes('open_account') ? null : by('not_opened', { action: { type: 'resume_opening' } })
  }
  const theirs = account.addresses.includes(registration.email)
  const signs =
    ours && ledger.state !== 'claiming' ? signsOfOthers(username, ledger, account, registration.email) : []
  const byHand = ledger !== null && wasOpenedByHand(ledger.state, signs)
  if (!account.locked && (theirs || byHand))
    return by('found_open', {
      ledger: 'open',
      action: account.suspended ? { type: 'found_open', suspended: true } : { type: 'found_open' },
    })
  const mine = theirs || signs.length > 0
  if (mine && state === 'requested' && account.deactivated && account.locked)
    return by('found_removed', { ledger: 'removed', action: { type: 'found_removed' } })
  if (signs.length > 0)
    return by('in_hands', {
      ledger: 'doubtful',
      event: 'account_doubtful',
      action: { type: 'lose_account', filled: ledger?.state === 'filled' },
    })
  const canComeBack = ledger !== null && (account.locked || account.deactivated)
  if (ours || canComeBack) return null
  return by('name_taken', { ledger: null, action: { type: 'lose_name' } })
}

/**
 * An operator unlocked the account, and its applicant may have left again. Nobody is let into an account that is
 * being reactivated.
 */
function wasOpenedByHand(state: AccountState, signs: Sign[]): boolean {
  const left: Sign[] = ['unlocked', 'deactivated', 'devices', 'used']
  const expected: Sign[] = signs.includes('deactivated') ? left : ['unlocked']
  return state !== 'reviving' && signs.includes('unlocked') && signs.every((sign) => expected.includes(sign))
}

/** For an account that no registration is waiting for. */
function unclaimed(
  username: Username,
  { ledger, account, own, pending }: Found & { account: Account },
): Difference | null {
  const job = { kind: 'remove_account', username } as const
  switch (ledger?.state) {
    case 'claimed':
    case 'locked':
    case 'filled':
    case 'reviving':
      // What is deactivated already counts as removed.
      if (signsOfOthers(username, ledger, account, own).some((sign) => sign !== 'deactivated'))
        return by('in_hands', { ledger: 'doubtful', event: 'account_doubtful' })
      return pending.includes('remove_account') ? null : by('not_removed', { job })
    case 'removed':
      if (account.deactivated) return null
      if (!account.locked) return by('back_open', { ledger: null, event: 'account_left' })
      if (signsOfOthers(username, ledger, account, own).length > 0)
        return by('in_hands', { ledger: 'doubtful', event: 'account_doubtful' })
      return by('back_locked', { ledger: 'locked', event: 'account_adopted', job })
    default:
      return null
  }
}
