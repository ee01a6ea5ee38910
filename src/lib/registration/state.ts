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
 * known, `doubtful` that it exists and is, or may be, somebody else's, `reviving` that it was removed and is being
 * brought back.
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
  'reviving',
] as const
export const accountStateSchema = v.picklist(ACCOUNT_STATES)
export type AccountState = v.InferOutput<typeof accountStateSchema>

/**
 * How it goes with opening the account of an approved registration: `delayed` means that a try did not succeed and others
 * follow by themselves, `failed` that nothing opens it any more until a moderator does something.
 */
export const OPENINGS = ['under_way', 'delayed', 'failed'] as const
export type Opening = (typeof OPENINGS)[number]

/** Approved, and the account cannot be opened: a moderator decides anew. */
export function isOpeningFailed({
  state,
  account,
  opening,
}: {
  state: State
  account: AccountState
  opening: Opening
}): boolean {
  return state === 'approved' && account === 'filled' && opening === 'failed'
}

/** Approved, and as far as is known the account is not open yet: all of it can still be stopped. */
export function isUnopened({ state, account }: { state: State; account: AccountState }): boolean {
  return state === 'approved' && account !== 'open'
}

/** Approved, and the applicant has yet to set the password (`password: after_approval`). */
export function awaitsPassword({ state, account }: { state: State; account: AccountState }): boolean {
  return state === 'approved' && account !== 'filled' && account !== 'open'
}

/** Made here, or about to be, and not opened. */
export const UNOPENED: readonly AccountState[] = ['claiming', 'claimed', 'locked', 'filled', 'reviving']

/** Whether an account in this state was made here, is not opened, and has to go when nobody waits for it any more. */
export function isOursUnopened(account: AccountState): boolean {
  return UNOPENED.includes(account)
}
