/** A `moderator` decides; an `administrator` also looks after people, rules and settings. */
export const ROLES = ['moderator', 'administrator'] as const
export type Role = (typeof ROLES)[number]

/** Which mails a moderator wants: of each request, one a day, or none. */
export const NOTICES = ['each', 'digest', 'none'] as const
export type Notices = (typeof NOTICES)[number]
