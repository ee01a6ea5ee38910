/** The denial reasons that have messages; the operator's own ones are shown as configured. */
export const DENIAL_CATEGORIES = ['spam', 'no_reason', 'wrong_server', 'duplicate', 'other'] as const
