import type { EmailAddress } from './email'
import type { AccountState } from './state'
import type { Registration } from './registration'
import type { Username } from './username'

/** An account as the homeserver shows it. Times are milliseconds since 1970. */
export interface Account {
  /** By the homeserver's clock, in whole seconds. */
  createdAt: number
  locked: boolean
  /** Its owner can read but not write (MSC3823). */
  suspended: boolean
  deactivated: boolean
  displayName: string | null
  avatar: boolean
  addresses: EmailAddress[]
  /** The number of its email addresses and phone numbers. */
  contacts: number
  /** The number of its single sign-on identities. */
  externalIds: number
  /** The number of devices signed in now. */
  devices: number
  /** Last use, including signed-out devices; null: never. */
  lastSeenAt: number | null
  administrator: boolean
  /** Whether it is a bot or support account. */
  special: boolean
  consentVersion: string | null
}

/** Signs that somebody else has an account that was created here and never unlocked. */
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

/** The address of the applicant whom an account was created for, by the registration that it is recorded with. */
export const ownAddress = (
  registration: Pick<Registration, 'username' | 'email'> | null,
  username: Username,
): EmailAddress | null => (registration?.username === username ? registration.email : null)

/** It was locked here. A lock survives deactivation (Synapse 1.160). */
const LOCKED: AccountState[] = ['locked', 'filled']
/** It may have been removed before it was locked, and has not been active since. */
const REMOVED: AccountState[] = ['removed', 'reviving']
/** Its state, as far as the records tell. */
const STANDING: AccountState[] = ['claimed', 'locked', 'filled']

/**
 * Returns each sign that somebody else has an account that, according to the records, was created here and never
 * unlocked: then nothing may touch it. An account without a sign has no email addresses, devices or identities, was
 * never used, and is locked if it was locked here. A password cannot be seen (Synapse 1.160): one set on an account
 * that nobody signed in to leaves no sign. `own`: the email address of the applicant whom it was created for, which is
 * no sign of others either: 0.1.1 of the original added it before the decision.
 */
export function signsOfOthers(
  username: Username,
  { state }: { state: AccountState },
  account: Account,
  own: EmailAddress | null = null,
): Sign[] {
  const { displayName } = account
  const shown: Record<Sign, boolean> = {
    unlocked:
      !account.locked && (LOCKED.includes(state) || (REMOVED.includes(state) && !account.deactivated)),
    deactivated: account.deactivated && STANDING.includes(state),
    devices: account.devices > 0,
    used: account.lastSeenAt !== null,
    contacts: account.contacts > (own !== null && account.addresses.includes(own) ? 1 : 0),
    external_ids: account.externalIds > 0,
    // Synapse gives new accounts their username as the display name; an erased account has none.
    display_name: displayName !== null && displayName !== username,
    avatar: account.avatar,
    administrator: account.administrator,
    special: account.special,
    consent: account.consentVersion !== null,
  }
  return SIGNS.filter((sign) => shown[sign])
}
