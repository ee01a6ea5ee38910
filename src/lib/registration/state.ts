import * as v from 'valibot'

/** Where a registration stands. The way from one to the next is in `decide.ts`, the way out by time in `retention.ts`. */
export const STATES = [
  'started',
  'verified',
  'requested',
  'approved',
  'denied',
  'completed',
  'withdrawn',
] as const
export const stateSchema = v.picklist(STATES)
export type State = v.InferOutput<typeof stateSchema>

/** Whose turn it is in the talk with an applicant: nobody asked, the applicant is asked, or has answered. */
export const EXCHANGES = ['none', 'asked', 'answered'] as const
export type Exchange = (typeof EXCHANGES)[number]

/** Where moderators find a registration: a request is `answered` before it is looked at again. */
export const QUEUES = ['begun', 'answered', 'waiting', 'asked', 'decided'] as const
export type Queue = (typeof QUEUES)[number]

/**
 * What is known of the account in the homeserver: `claiming` means that it was asked for and the answer is not
 * known, `doubtful` that it exists and nobody knows whether we made it.
 */
export const ACCOUNT_STATES = [
  'none',
  'claiming',
  'doubtful',
  'claimed',
  'locked',
  'filled',
  'open',
  'removed',
] as const
export const accountStateSchema = v.picklist(ACCOUNT_STATES)
export type AccountState = v.InferOutput<typeof accountStateSchema>

/** Approved, and the applicant has yet to set the password (`password: after_approval`). */
export function awaitsPassword({ state, account }: { state: State; account: AccountState }): boolean {
  return state === 'approved' && account !== 'filled' && account !== 'open'
}

/** Whether an account in this state was made here, is not opened, and has to go when nobody waits for it any more. */
export function isOursUnopened(account: AccountState): boolean {
  return account === 'claiming' || account === 'claimed' || account === 'locked' || account === 'filled'
}

/**
 * Whether somebody opened an account that was made here and that the ledger still calls unopened. One that was only
 * claimed is not locked yet, and open by itself: then the addresses tell, which are added after the opening.
 */
export function isInHands(
  ledger: AccountState,
  account: { locked: boolean; addresses: readonly string[] },
): boolean {
  return !account.locked && (ledger !== 'claimed' || account.addresses.length > 0)
}
