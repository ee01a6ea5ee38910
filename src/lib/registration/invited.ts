import type { Refusal } from './refusal'

/** Whether people come by invitation codes: not at all, also, or only. */
export const INVITATIONS = ['off', 'optional', 'required'] as const
export type Invitations = (typeof INVITATIONS)[number]

/** Whether a code counts, or why it does not any more. */
export type CodeStanding = 'counts' | 'ended' | 'expired' | 'used_up'

/** Who answers for those that come by a code: an administrator who is let in. */
export interface Voucher {
  id: string
  name: string
}

/** What is known of a registration's invitation at the moment of its request. */
export interface Brought {
  id: string
  standing: CodeStanding
  /** This registration used it up to now: it asked before, and comes a second time. */
  counted: boolean
  /** Null: a moderator looks at whoever comes by it, or its maker is not there any more. */
  voucher: Voucher | null
  /** Something asks for a closer look at the registration. */
  held: boolean
}

/** Whether a request comes by this invitation: a use that was counted is not taken away again. */
export const comesBy = ({ standing, counted }: Pick<Brought, 'standing' | 'counted'>): boolean =>
  counted || standing === 'counts'

/**
 * Who answers for a request, so that no moderator has to look at it; null: one has to. That is decided at the first
 * request alone: one that comes again was looked at by somebody, or lost its account.
 */
export function voucherOf({ standing, counted, voucher, held }: Brought): Voucher | null {
  return standing === 'counts' && !counted && !held ? voucher : null
}

/** Why nobody comes in by it where only the invited do; null: they do. */
export function refusalOf(brought: Pick<Brought, 'standing' | 'counted'> | null): Refusal | null {
  if (brought === null) return { code: 'invitation_missing' }
  if (comesBy(brought) || brought.standing === 'counts') return null
  return { code: 'invitation_over', why: brought.standing }
}
