import type { Action } from './decide'
import type { JobKind, NewJob } from './job'
import type { EventKind, Registration } from './registration'
import { signsOfOthers, type Account, type Sign } from './signs'
import { isOursUnopened, type AccountState } from './state'
import type { Username } from './username'

/** Every way in which the homeserver and this database can disagree about a name. */
export const DIFFERENCES = [
  /** Approved, and nothing is on its way that opens the account. */
  'not_opened',
  /** Approved, and its account was deactivated meanwhile: that was meant, or was not. */
  'cannot_open',
  /** The account is open, and the registration still waits: opened after the copy was made, or by an operator. */
  'found_open',
  /** A request's account is removed: decided after the copy was made, or by an operator. */
  'found_removed',
  /** A registration holds the name, and an account stands under it that was not made here. */
  'name_taken',
  /** The account of a registration is not on the homeserver, whose copy is older. */
  'account_missing',
  /** The same where nobody waits for the account. */
  'nothing_there',
  /** The account was opened and is locked without the applicant's address on it: the homeserver's copy is older. */
  'locked_again',
  /** Nobody waits for the account, and nothing is on its way that removes it. */
  'not_removed',
  /** The account was made here and never opened, and shows that somebody has it. */
  'in_hands',
  /** The account was removed, and stands locked again. */
  'back_locked',
  /** The account was removed, and stands open again: it is somebody's. */
  'back_open',
  /** A locked account that nothing is known of: made here after the copy, or locked by an operator. */
  'unknown_lock',
] as const
export type DifferenceCode = (typeof DIFFERENCES)[number]

/** What is known of one name, here and at the homeserver. */
export interface Found {
  /** The registration that holds the name. One that was denied or withdrawn holds none. */
  registration: Registration | null
  ledger: {
    state: AccountState
    registrationId: string | null
    openedAt: number | null
  } | null
  account: Account | null
  /** What is still to run, or failed and stands before a moderator, for this registration and this name. */
  pending: JobKind[]
}

/** What mends a difference, in this order. Nothing of it touches the account itself: jobs do, and ask again before. */
export interface Mend {
  /** What the ledger says from then on; null strikes the line. */
  ledger?: 'open' | 'removed' | 'locked' | 'doubtful' | null
  /** What happens to the registration. */
  action?: Action
  /** For the trail, where no action tells it. */
  event?: EventKind
  /** Work that belongs to no registration. */
  job?: NewJob
}

export interface Difference {
  code: DifferenceCode
  /** Null: only an operator can, at the homeserver, or a moderator at the desk. */
  mend: Mend | null
  /** Mended only where somebody names it: what it is cannot be told from here. */
  byNameOnly: boolean
}

/**
 * Answers in what the homeserver and this database disagree about a name, or null. What gets right by itself is no
 * difference: a claim or a removal that stopped half-way, an account that its applicant's next try brings back or
 * finds lost, work that waits or failed before a moderator's eyes, and a doubt. An approval whose account is deactivated
 * is told all the same: what is to come of it is decided at the desk, and by nobody else.
 *
 * Neither is an open account that was deactivated later, or locked with its address on it: people leave, and operators
 * lock. One that is missing is a difference as long as its registration is kept, as no homeserver forgets accounts;
 * without the registration nobody can be asked, and the ledger keeps the name from others. A password that an older
 * copy of the homeserver does not have cannot be seen: its owner resets it by mail, once the account is open.
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
  if (registration === null || others) return unclaimed(username, ledger, account, found.pending)
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
  // The address is added directly after the opening, and an operator's lock leaves it there.
  const untouched = !account.addresses.includes(registration.email) && !pending.includes('bind_address')
  return account.locked && !account.deactivated && untouched ? by('locked_again', null) : null
}

function missing(found: Found): Difference | null {
  const { ledger, pending } = found
  if (ledger === null || !isOursUnopened(ledger.state) || ledger.state === 'claiming') return null
  if (isOwn(found)) return by('account_missing', { ledger: null, action: { type: 'account_missing' } })
  return pending.includes('remove_account')
    ? null
    : by('nothing_there', { ledger: null, event: 'account_missing' })
}

/** For a registration that holds the name. */
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
  const signs = ours && ledger.state !== 'claiming' ? signsOfOthers(username, ledger, account) : []
  const byHand = ledger !== null && wasOpenedByHand(ledger.state, signs)
  if (!account.locked && (theirs || byHand))
    return by('found_open', { ledger: 'open', action: { type: 'found_open' } })
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

/** An operator let its applicant in, who may have left again. Nobody is let in to what is being brought back. */
function wasOpenedByHand(state: AccountState, signs: Sign[]): boolean {
  const left: Sign[] = ['unlocked', 'deactivated', 'devices', 'used']
  const expected: Sign[] = signs.includes('deactivated') ? left : ['unlocked']
  return state !== 'reviving' && signs.includes('unlocked') && signs.every((sign) => expected.includes(sign))
}

/** For an account that no registration waits for. */
function unclaimed(
  username: Username,
  ledger: Found['ledger'],
  account: NonNullable<Found['account']>,
  pending: JobKind[],
): Difference | null {
  const job = { kind: 'remove_account', username } as const
  switch (ledger?.state) {
    case 'claimed':
    case 'locked':
    case 'filled':
    case 'reviving':
      // What is deactivated already is as good as removed.
      if (signsOfOthers(username, ledger, account).some((sign) => sign !== 'deactivated'))
        return by('in_hands', { ledger: 'doubtful', event: 'account_doubtful' })
      return pending.includes('remove_account') ? null : by('not_removed', { job })
    case 'removed':
      if (account.deactivated) return null
      if (!account.locked) return by('back_open', { ledger: null, event: 'account_left' })
      if (signsOfOthers(username, ledger, account).length > 0)
        return by('in_hands', { ledger: 'doubtful', event: 'account_doubtful' })
      return by('back_locked', { ledger: 'locked', event: 'account_adopted', job })
    default:
      return null
  }
}
