import { DENIAL_CATEGORIES } from '$lib/moderation/category'
import { m } from '$lib/paraglide/messages'

const WORDS: Record<(typeof DENIAL_CATEGORIES)[number], () => string> = {
  spam: m.category_spam,
  no_reason: m.category_no_reason,
  wrong_server: m.category_wrong_server,
  duplicate: m.category_duplicate,
  other: m.category_other,
}

/** A denial reason in words; the operator's own ones as configured. */
export function categoryText(category: string): string {
  const known = DENIAL_CATEGORIES.find((one) => one === category)
  return known === undefined ? category : WORDS[known]()
}
