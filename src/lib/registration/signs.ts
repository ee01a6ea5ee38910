import type { EmailAddress } from './email'
import type { AccountState } from './state'
import type { Username } from './username'

/** An account as the homeserver shows it. Times are milliseconds since 1970. */
export interface Account {
  /** By the homeserver's clock, a whole second. */
  createdAt: number
  locked: boolean
  deactivated: boolean
  displayName: string | null
  avatar: boolean
  addresses: EmailAddress[]
  /** How many addresses and telephone numbers are on it. */
  contacts: number
  /** How many identities of other providers (single sign-on) lead to it. */
  externalIds: number
  /** How many devices are signed in now. */
  devices: number
  /** When it was used last, also by a device that is signed out; null: never. */
  lastSeenAt: number | null
  administrator: boolean
  /** Whether it is for a program or the support. */
  special: boolean
  consentVersion: string | null
}

/** What tells that an account which was made here and never opened is in other hands. */
export const SIGNS = [
  'unlocked',
  'deactivated',
  'devices',
  'used',
  'contacts',
  'external_ids',
  'display_name',
  'avatar',
  'administrator',
  'special',
  'consent',
] as const
export type Sign = (typeof SIGNS)[number]

/** Where it was locked here. A lock outlives a deactivation (Synapse 1.160). */
const LOCKED: AccountState[] = ['locked', 'filled']
/** It may have been removed before it was locked, and does not stand open since. */
const REMOVED: AccountState[] = ['removed', 'reviving']
/** Where it stands, as far as the ledger knows. */
const STANDING: AccountState[] = ['claimed', 'locked', 'filled']

/**
 * Answers each sign that somebody else has an account which, by the ledger, was made here and never opened: it is
 * nobody's to touch then. An account without a sign has no addresses, devices or identities, was never used, and is
 * locked where it was locked here. A password cannot be seen (Synapse 1.160): what was set on an account that nobody
 * signed in to leaves no sign.
 */
export function signsOfOthers(
  username: Username,
  { state }: { state: AccountState },
  account: Account,
): Sign[] {
  const { displayName } = account
  const shown: Record<Sign, boolean> = {
    unlocked:
      !account.locked && (LOCKED.includes(state) || (REMOVED.includes(state) && !account.deactivated)),
    deactivated: account.deactivated && STANDING.includes(state),
    devices: account.devices > 0,
    used: account.lastSeenAt !== null,
    contacts: account.contacts > 0,
    external_ids: account.externalIds > 0,
    // Synapse gives new accounts their name; one that was erased has none.
    display_name: displayName !== null && displayName !== username,
    avatar: account.avatar,
    administrator: account.administrator,
    special: account.special,
    consent: account.consentVersion !== null,
  }
  return SIGNS.filter((sign) => shown[sign])
}
