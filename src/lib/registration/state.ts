import * as v from 'valibot'

/** The state of a registration. Transitions are in `decide.ts`, expiry is in `retention.ts`. */
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

/** Whose turn it is in the conversation with an applicant: nobody asked, waiting for the applicant, or answered. */
export const EXCHANGES = ['none', 'asked', 'answered'] as const
export type Exchange = (typeof EXCHANGES)[number]

/** Where moderators find a registration: a request is `answered` until it is looked at again. */
export const QUEUES = ['begun', 'answered', 'waiting', 'asked', 'decided'] as const
export type Queue = (typeof QUEUES)[number]

/**
 * What is known of the account on the homeserver: `claiming` means that it was requested and the answer is unknown,
 * `doubtful` that it exists and is, or may be, somebody else's, `reviving` that it was removed and is being
 * reactivated.
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
 * The progress of unlocking an approved registration's account: `delayed` means that an attempt failed and is retried
 * automatically, `failed` that nothing happens until a moderator acts.
 */
export const OPENINGS = ['under_way', 'delayed', 'failed'] as const
export type Opening = (typeof OPENINGS)[number]

/**
 * Whether the account is suspended on the homeserver for a while, so that its owner can read but not write: `planned`
 * until the account is active, `ending` while a job lifts the suspension.
 */
export const PROBATIONS = ['none', 'planned', 'running', 'ending'] as const
export type Probation = (typeof PROBATIONS)[number]

/** When an applicant sets the password: with the request, or once it is approved (`registration.password`). */
export const PASSWORD_MODES = ['at_request', 'after_approval'] as const
export type PasswordMode = (typeof PASSWORD_MODES)[number]

/** The account is active, and suspended as far as is known: the probation can still be ended, or become a denial. */
export function isOnProbation({ state, probation }: { state: State; probation: Probation }): boolean {
  return state === 'completed' && (probation === 'running' || probation === 'ending')
}

/** Approved, but the account cannot be unlocked: a moderator decides again. */
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

/** Approved, but as far as is known the account is not active yet: the approval can still be stopped. */
export function isUnopened({ state, account }: { state: State; account: AccountState }): boolean {
  return state === 'approved' && account !== 'open'
}

/** Approved, but the applicant still has to set the password (`password: after_approval`). */
export function awaitsPassword({ state, account }: { state: State; account: AccountState }): boolean {
  return state === 'approved' && account !== 'filled' && account !== 'open'
}

/** The username is lost: another one is chosen before anything else. */
export function mustChooseName(registration: {
  state: State
  account: AccountState
  holdsName: boolean
}): boolean {
  return !registration.holdsName && (registration.state === 'verified' || awaitsPassword(registration))
}

/** Whether the legal documents were accepted; not by a request that another program accepted. */
export const hasAccepted = ({ legalAcceptedAt }: { legalAcceptedAt: number | null }): boolean =>
  legalAcceptedAt !== null

/** When a registration's password is set: as it was fixed for it, or by the setting. */
export const passwordModeOf = (
  { passwordMode }: { passwordMode: PasswordMode | null },
  settings: { password: PasswordMode },
): PasswordMode => passwordMode ?? settings.password

/** Created here, or about to be, and not unlocked. */
export const UNOPENED: readonly AccountState[] = ['claiming', 'claimed', 'locked', 'filled', 'reviving']

/**
 * Whether an account in this state was created here, is not unlocked, and must be removed once nobody is waiting for
 * it.
 */
export function isOursUnopened(account: AccountState): boolean {
  return UNOPENED.includes(account)
}
