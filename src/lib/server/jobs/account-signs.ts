import type { Sign } from '$lib/registration/signs'
import type { LedgerEntry } from '../database/accounts'
import type { JobResult } from '../registrations/job-results'
import { cancelled, type JobServices } from './run'

/**
 * What account jobs need, after the request that created the accounts. Each examines the account right before, and
 * leaves it alone if somebody else has it. A few milliseconds remain between the check and the change in which that can
 * happen.
 */
export type AccountServices = Pick<JobServices, 'registrar' | 'accountLedger' | 'homeserver' | 'log'>

const IN_DOUBT =
  'Somebody else has, or may have, the account on the homeserver. It was not changed; see the unverified accounts'

/** Traces of its applicant signing in once it is active. */
const OWN: Sign[] = ['unlocked', 'devices', 'used']

/** It was to be unlocked, and no answer came. */
export const mayBeOpen = ({ state, openedAt }: LedgerEntry) => state === 'filled' && openedAt !== null
export const wasUsed = (signs: Sign[]) => signs.includes('devices') || signs.includes('used')

/** Signs of others, except these. If it may have been unlocked here, whoever signed in is its applicant. */
export function signsBeside(entry: LedgerEntry, signs: Sign[], ...expected: Sign[]): Sign[] {
  const known = mayBeOpen(entry) ? [...OWN, ...expected] : expected
  return signs.filter((sign) => !known.includes(sign))
}

/** Puts an account in doubt; `again` is done at once if somebody else updated its record meanwhile. */
export async function doubt(
  entry: LedgerEntry,
  signs: Sign[],
  { accountLedger, log }: AccountServices,
  again: () => Promise<JobResult>,
): Promise<JobResult> {
  if (!(await accountLedger.doubt(entry, signs))) return again()
  log.warn(
    { registration: entry.registrationId, signs },
    'Somebody else has an account that was created here',
  )
  return cancelled(IN_DOUBT)
}
