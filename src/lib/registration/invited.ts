import type { Refusal } from './refusal'

/** Invitation codes: disabled, optional, or required. */
export const INVITATIONS = ['off', 'optional', 'required'] as const
export type Invitations = (typeof INVITATIONS)[number]

/** Whether a code is valid, or why it no longer is. */
export type CodeStanding = 'counts' | 'ended' | 'expired' | 'used_up'

/** Who vouches for those who use a code: an administrator who is not disabled. */
export interface Voucher {
  id: string
  name: string
}

/** What is known of a registration's invitation when the request is made. */
export interface Brought {
  id: string
  standing: CodeStanding
  /** This registration has used it already: it was requested before, and now again. */
  counted: boolean
  /** Null: a moderator reviews requests with it, or its creator is no longer there. */
  voucher: Voucher | null
  /** The registration is flagged. */
  held: boolean
}

/** Whether a request may use this invitation: a use that was counted is never taken away again. */
export const comesBy = ({ standing, counted }: Pick<Brought, 'standing' | 'counted'>): boolean =>
  counted || standing === 'counts'

/**
 * Who vouches for a request, so that no moderator has to review it; null: review it. Decided only at the first
 * request: one that comes again was reviewed by somebody, or lost its account.
 */
export function voucherOf({ standing, counted, voucher, held }: Brought): Voucher | null {
  return standing === 'counts' && !counted && !held ? voucher : null
}

/** Why this invitation lets nobody register where one is required; null: it does. */
export function refusalOf(brought: Pick<Brought, 'standing' | 'counted'> | null): Refusal | null {
  if (brought === null) return { code: 'invitation_missing' }
  if (comesBy(brought) || brought.standing === 'counts') return null
  return { code: 'invitation_over', why: brought.standing }
}
