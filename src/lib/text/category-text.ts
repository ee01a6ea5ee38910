import { m } from '$lib/paraglide/messages'

const WORDS = new Map([
  ['spam', m.category_spam],
  ['no_reason', m.category_no_reason],
  ['wrong_server', m.category_wrong_server],
  ['duplicate', m.category_duplicate],
  ['other', m.category_other],
])

/** The built-in denial reasons, which an operator can replace (`moderation.denial_categories`). */
export const DENIAL_CATEGORIES: readonly string[] = [...WORDS.keys()]

/** A denial reason in words; the operator's own ones as configured. */
export const categoryText = (category: string): string => WORDS.get(category)?.() ?? category
