import type { Registration } from './registration'
import { awaitsPassword, type State } from './state'

/** How long data is kept, in days. */
export interface Retention {
  started: number
  completed: number
  approved: number
  /** After the data of a denied registration went: what knows a similar one again, without saying whose it was. */
  memory: number
  /** The audit trail, which is about nobody by name; what is about a registration goes after it at the earliest. */
  history: number
}

export const DAY = 24 * 60 * 60 * 1000

/** The longest that a link to confirm an address works. */
export const LINK_HOURS = 24

/** How long a link to confirm an address works, in hours: never longer than the registration itself is kept. */
export const linkHours = ({ started }: Pick<Retention, 'started'>): number =>
  Math.min(LINK_HOURS, started * 24)

/** How long a link to the status works, in days, and a browser stays the applicant's; the data may go before. */
export const STATUS_LINK_DAYS = 90

/**
 * How many days a registration may stay in a state before it goes. `null`: no time limit; a requested one waits
 * for a moderator, who is reminded, and an approved one only ends by time while its password is not set.
 */
export function keptDays(state: State, retention: Retention): number | null {
  switch (state) {
    case 'started':
    case 'verified':
      return retention.started
    case 'requested':
      return null
    case 'approved':
      return retention.approved
    case 'denied':
    case 'completed':
    case 'withdrawn':
      return retention.completed
    default:
      return state satisfies never
  }
}

type Aged = Pick<Registration, 'state' | 'stateSince' | 'account' | 'remindedAt'>

/** Whether the registration and its personal data have to go by now (milliseconds since 1970). */
export function isExpired(registration: Aged, retention: Retention, now: number): boolean {
  const days = keptDays(registration.state, retention)
  if (days === null || now - registration.stateSince < days * DAY) return false
  return registration.state !== 'approved' || awaitsPassword(registration)
}

/** Whether the applicant has to be reminded, once, that the link to set the password runs out: at half its time. */
export function isReminderDue(registration: Aged, retention: Retention, now: number): boolean {
  if (!awaitsPassword(registration) || registration.remindedAt !== null) return false
  return now - registration.stateSince >= (retention.approved * DAY) / 2
}
