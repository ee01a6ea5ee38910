/** The exit code of a check that found warnings, but no errors. */
export const WARNED = 3

/** Invalid usage: the message says why, and the help follows. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
