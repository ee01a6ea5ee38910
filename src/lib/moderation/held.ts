import * as v from 'valibot'

/**
 * What marks a request for a closer look, beside a rule: no proof of work came with it, a field that people do not see
 * was filled in, it came faster than a person types, or its address is of a service for throwaway mail. `unknown`: a
 * mark that another version of this program set; it never counts for less than one that is known.
 */
export const HELD_FOR = ['no_proof', 'trap', 'too_fast', 'disposable', 'unknown'] as const
export type HeldFor = (typeof HELD_FOR)[number]

/** Marks as they are kept. */
export const heldForSchema = v.pipe(
  v.array(v.fallback(v.picklist(HELD_FOR), 'unknown')),
  v.transform((marks) => [...new Set(marks)]),
)

/** The marks among those that came with a link; one that this program does not know is `unknown`. */
export const marksOf = (kept: string[]): HeldFor[] => v.parse(heldForSchema, kept)
