/** Durations in milliseconds. */
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * No job, lease or undo window is further ahead: a time beyond was written while the clock was wrong, and counts as
 * over.
 */
export const LONGEST_AHEAD_MS = 2 * HOUR
