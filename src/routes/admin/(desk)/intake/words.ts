import type { Closing, Reopening } from '$lib/moderation/opening'
import { m } from '$lib/paraglide/messages'

/** That registration is closed, and why, at the top of a page. */
export const CLOSED_WORDS: Record<Closing, () => string> = {
  by_hand: m.opening_closed_by_hand,
  waiting: m.opening_closed_waiting,
  per_day: m.opening_closed_per_day,
  set_up: m.opening_closed_set_up,
}

/** Why it closed or opened, for the audit log. */
export const WHY_WORDS: Record<string, () => string> = {
  by_hand: m.opening_why_by_hand,
  waiting: m.opening_why_waiting,
  per_day: m.opening_why_per_day,
  set_up: m.opening_why_set_up,
  date: m.opening_why_date,
  worked_off: m.opening_why_worked_off,
  new_day: m.opening_why_new_day,
} satisfies Record<Closing | Reopening, () => string>
