import type { Found } from '$lib/moderation/found'
import { m } from '$lib/paraglide/messages'
import { heldTag } from './held-words'

const WORDS: Record<Exclude<Found['what'], 'flag' | 'denied'>, () => string> = {
  rule: m.desk_held,
  bound: m.facts_bound,
  words: m.found_words,
  inbox: m.found_inbox,
  name: m.facts_names_tag,
  network: m.found_network,
  network_denied: m.found_network_denied,
  domain_denied: m.found_domain_denied,
  mixed: m.facts_mixed,
  encoded: m.found_encoded,
}

/** What speaks against a request, in a few words. */
export function foundText(found: Found): string {
  if (found.what === 'flag') return heldTag(found.why)
  return found.what === 'denied' ? m.found_denied({ count: found.count }) : WORDS[found.what]()
}
