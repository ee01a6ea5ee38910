import * as v from 'valibot'

/**
 * What flags a request besides a rule: it came without a proof of work, with the honeypot filled in, faster than a
 * person types, or from a disposable email service. `configuration`: a rule of the configuration, which has no ID, came
 * after it was started. `unknown`: a flag set by another version of this program; it never counts for less than a known
 * one.
 */
export const HELD_FOR = ['no_proof', 'trap', 'too_fast', 'disposable', 'configuration', 'unknown'] as const
export type HeldFor = (typeof HELD_FOR)[number]

/** Flags as stored. */
export const heldForSchema = v.pipe(
  v.array(v.fallback(v.picklist(HELD_FOR), 'unknown')),
  v.transform((marks) => [...new Set(marks)]),
)

/** The flags stored with a link; one that this program does not know is `unknown`. */
export const marksOf = (kept: string[]): HeldFor[] => v.parse(heldForSchema, kept)
