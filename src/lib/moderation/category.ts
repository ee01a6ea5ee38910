/** The categories of a denial that pages have words for; an operator's own are shown as they are written. */
export const DENIAL_CATEGORIES = ['spam', 'no_reason', 'wrong_server', 'duplicate', 'other'] as const
