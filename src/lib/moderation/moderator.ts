/** A `moderator` decides; an `administrator` also manages moderators, rules and settings. */
export const ROLES = ['moderator', 'administrator'] as const
export type Role = (typeof ROLES)[number]

/** Which email a moderator wants: one per request, one per day, or none. */
export const NOTICES = ['each', 'digest', 'none'] as const
export type Notices = (typeof NOTICES)[number]
