/**
 * What marks a request for a closer look, beside a rule: no proof of work came with it, a field that people do not see
 * was filled in, it came faster than a person types, or its address is of a service for throwaway mail.
 */
export const HELD_FOR = ['no_proof', 'trap', 'too_fast', 'disposable'] as const
export type HeldFor = (typeof HELD_FOR)[number]
