import type { Change } from '$lib/moderation/opening'
import { momentText } from '$lib/text/moment'
import { m } from '$lib/paraglide/messages'
import type { Language } from '$lib/registration/language'

/**
 * Registration closed or opened automatically. `waiting`: how many requests are waiting; `until`: when it reopens
 * automatically, if known.
 */
export interface OpeningNews {
  open: boolean
  why: Change['why']
  until: number | null
  waiting: number
}

/** Why registration closed or opened automatically, and what happens next, for moderators. */
export function openingWords({ open, why, until, waiting }: OpeningNews, locale: Language): string[] {
  const in_ = { locale }
  const counted = m.mail_opening_waiting({ count: waiting }, in_)
  if (open) {
    const reason =
      why === 'date'
        ? m.mail_opening_date({}, in_)
        : why === 'new_day'
          ? m.mail_opening_new_day({}, in_)
          : m.mail_opening_worked_off({}, in_)
    return [reason, counted]
  }
  if (why === 'per_day') {
    const time =
      until === null ? [] : [m.mail_opening_until({ until: momentText(until, locale, 'UTC') }, in_)]
    return [m.mail_opening_per_day({}, in_), ...time, counted]
  }
  return [m.mail_opening_too_many({}, in_), m.mail_opening_until_half({}, in_), counted]
}
