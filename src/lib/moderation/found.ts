import type { HeldFor } from './held'
import type { FactsView, TallyView } from './views'
import { isEncodedDomain, mixedWords } from './visible-text'

/** What a request has in common with others: their words, their inbox, a lookalike username, their network. */
export const SHARED = ['words', 'inbox', 'name', 'network'] as const
export type Shared = (typeof SHARED)[number]

/**
 * What speaks against a request: a rule or something else flags it, its address belongs to another account, it is
 * like so many denied ones, it shares something, most of its domain or network was denied, letters pass for others.
 */
export type Found =
  | { what: 'rule' | 'bound' | 'network_denied' | 'domain_denied' | 'mixed' | 'encoded' | Shared }
  | { what: 'flag'; why: HeldFor }
  | { what: 'denied'; count: number }

/** Fewer decided ones say nothing about the next. */
const ENOUGH = 3
/** So many others of one network that wait at once are worth a look. */
export const SEVERAL = 2

/** Whether more than half of at least three were denied. */
export function isMostlyDenied({ approved, denied }: Pick<TallyView, 'approved' | 'denied'>): boolean {
  const decided = approved + denied
  return decided >= ENOUGH && denied > decided / 2
}

/** What speaks against an opened request, the most telling first. */
export function foundIn(facts: FactsView, reason: string | null): Found[] {
  const { heldBy, heldFor, bound, memory, reasons, mailbox, names, domain, network } = facts
  const isDeniedNetwork = isMostlyDenied(network)
  const found: (Found | false)[] = [
    heldBy !== null && { what: 'rule' },
    ...heldFor.map((why): Found => ({ what: 'flag', why })),
    bound.owner !== null && { what: 'bound' },
    memory !== null && { what: 'denied', count: memory.count },
    reasons.count > 0 && { what: 'words' },
    mailbox.count > 0 && { what: 'inbox' },
    names.count > 0 && { what: 'name' },
    isDeniedNetwork && { what: 'network_denied' },
    !isDeniedNetwork && network.waiting.count >= SEVERAL && { what: 'network' },
    isMostlyDenied(domain) && { what: 'domain_denied' },
    mixedWords(reason ?? '').length > 0 && { what: 'mixed' },
    isEncodedDomain(domain.name) && { what: 'encoded' },
  ]
  return found.filter((one) => one !== false)
}

/** The same of a request in a list, as far as it is known there. */
export function foundInList({
  held,
  heldFor,
  denied,
  shared,
}: {
  held: boolean
  heldFor: HeldFor[]
  denied: number
  shared: Shared[]
}): Found[] {
  return [
    ...(held ? [{ what: 'rule' } as const] : []),
    ...heldFor.map((why): Found => ({ what: 'flag', why })),
    ...(denied > 0 ? [{ what: 'denied', count: denied } as const] : []),
    ...shared.map((what): Found => ({ what })),
  ]
}
