import type { Registration } from './registration'
import { awaitsPassword, isOnProbation, type State } from './state'
import { DAY } from './time'

/**
 * How long data is kept, by the setting's name: the default in days, and the fewest that an operator can set. What has
 * no state (`PERIODS`) is deleted by `server/jobs/purges.ts`.
 */
export const RETENTION = {
  started: { days: 2, fewest: 1 },
  completed: { days: 30, fewest: 1 },
  approved: { days: 14, fewest: 1 },
  /**
   * After the data of a denied registration is deleted: fingerprints that recognize a similar one, without
   * identifying anybody. 0: none are kept.
   */
  fingerprints: { days: 180, fewest: 0 },
  /** The audit log, which names nobody; entries about a registration are deleted no earlier than it. */
  audit: { days: 365, fewest: 30 },
}
export const MOST_DAYS = 3650

export type Period = keyof typeof RETENTION
/** How long data is kept, in days. */
export type Retention = Record<Period, number>

/**
 * How long a registration may stay in a state before it is deleted. Null: no limit; a requested one waits for a
 * moderator, who is reminded, an approved one only expires while its password is not set, and none on probation.
 */
const PERIODS = {
  started: 'started',
  verified: 'started',
  requested: null,
  approved: 'approved',
  denied: 'completed',
  completed: 'completed',
  withdrawn: 'completed',
} as const satisfies Record<State, Period | null>

/** What is kept without a registration. */
export type OwnPeriod = Exclude<Period, (typeof PERIODS)[State]>

/** How long unfinished registrations are kept for what their applicants were promised, in days. */
export const PROMISED_DAYS = 14

/** Whether a registration in this state waits for its applicant to finish the request. */
export const isUnfinished = (state: State): boolean => PERIODS[state] === 'started'

/** How many days a request is kept that came back to its applicant, who was waiting and has only the email about it. */
export const returnedDays = ({ started }: Pick<Retention, 'started'>): number =>
  Math.max(started, PROMISED_DAYS)

/** The longest lifetime of a link to confirm an email address. */
export const LINK_HOURS = 24

/** The lifetime of a link to confirm an email address, in hours: never longer than the registration itself is kept. */
export const linkHours = ({ started }: Pick<Retention, 'started'>): number =>
  Math.min(LINK_HOURS, started * 24)

/** The lifetime of a status link and of an applicant's session, in days; the data may be deleted earlier. */
export const STATUS_LINK_DAYS = 90

/** How many days a registration may stay in a state before it is deleted. `null`: no limit. */
export function keptDays(state: State, retention: Retention): number | null {
  const period = PERIODS[state]
  return period === null ? null : retention[period]
}

type Aged = Pick<Registration, 'state' | 'stateSince' | 'account' | 'remindedAt' | 'probation'>

/** Whether the registration and its personal data are due for deletion by now (milliseconds since 1970). */
export function isExpired(registration: Aged, retention: Retention, now: number): boolean {
  const days = keptDays(registration.state, retention)
  if (days === null || now - registration.stateSince < days * DAY) return false
  if (isOnProbation(registration)) return false
  return registration.state !== 'approved' || awaitsPassword(registration)
}

/** Whether the applicant must be reminded, once, that the link to set the password expires: at half its lifetime. */
export function isReminderDue(registration: Aged, retention: Retention, now: number): boolean {
  if (!awaitsPassword(registration) || registration.remindedAt !== null) return false
  return now - registration.stateSince >= (retention.approved * DAY) / 2
}
