/**
 * What a moderator's account is, from the least that it may do upwards; `permission.ts` says what that is for each.
 */
export const ROLES = ['moderator', 'administrator'] as const
export type Role = (typeof ROLES)[number]

/** The role of accounts made at the terminal, unless stated otherwise: the first one must manage the others. */
export const FIRST_ROLE: Role = 'administrator'

/** Which email a moderator wants: one per request, one per day, or none. */
export const NOTICES = ['each', 'digest', 'none'] as const
export type Notices = (typeof NOTICES)[number]
