import type { DENIAL_CATEGORIES } from '$lib/moderation/category'
import { m } from '$lib/paraglide/messages'

const WORDS: Record<(typeof DENIAL_CATEGORIES)[number], () => string> = {
  spam: m.category_spam,
  no_reason: m.category_no_reason,
  wrong_server: m.category_wrong_server,
  duplicate: m.category_duplicate,
  other: m.category_other,
}

/** What a denial is filed under: in the reader's language where it is known here, else as the operator wrote it. */
export function categoryText(category: string): string {
  return Object.entries(WORDS).find(([known]) => known === category)?.[1]() ?? category
}
