import { m } from '$lib/paraglide/messages'

const CATEGORIES: Record<string, () => string> = {
  spam: m.category_spam,
  no_reason: m.category_no_reason,
  wrong_server: m.category_wrong_server,
  duplicate: m.category_duplicate,
  other: m.category_other,
}

/** What a denial is filed under; an operator's own category is shown as it is written. */
export const categoryText = (category: string): string => CATEGORIES[category]?.() ?? category
