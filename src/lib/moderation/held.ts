/**
 * What marks a request for a closer look, beside a rule: no proof of work came with it, a field that people do not see
 * was filled in, or it came faster than a person types.
 */
export const HELD_FOR = ['no_proof', 'trap', 'too_fast'] as const
export type HeldFor = (typeof HELD_FOR)[number]
