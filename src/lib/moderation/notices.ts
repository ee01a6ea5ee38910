import * as v from 'valibot'
import { languageSchema, type Language } from '$lib/registration/language'
import { NOTICES, type Notices } from './moderator'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
/** Sweeps come by the clock: one that is a moment early is the one of the day all the same. */
const MOMENT = 60_000

export const REMIND_HOURS = { minimum: 1, maximum: 720 }

/** What a moderator wants to hear by mail. `remindHours`: null for no reminder. */
export const noticesSchema = v.object({
  notices: v.picklist(NOTICES),
  remindHours: v.nullable(v.number()),
  language: languageSchema,
})
export type NoticesWish = v.InferOutput<typeof noticesSchema>

/** A moderator as far as mails to them go. Times are milliseconds since 1970. */
export interface Hearer {
  email: string
  notices: Notices
  remindHours: number | null
  digestAt: number | null
  language: Language
  emailConfirmedAt: number | null
  disabledAt: number | null
}

/** Why a mail goes to one person: a request came, it is the daily one, or something has waited for long. */
export const NOTICE_REASONS = ['each', 'digest', 'reminder'] as const
export type NoticeReason = (typeof NOTICE_REASONS)[number]

/** Whether a mail for this reason may go to this person: never to an address that nobody confirmed. */
export function wants(person: Hearer, why: NoticeReason): boolean {
  if (person.disabledAt !== null || person.emailConfirmedAt === null) return false
  return why === 'reminder' ? person.remindHours !== null : person.notices === why
}

/** Whether the daily mail is due; a last one in the future was written while the clock was wrong. */
export function isDigestDue(person: Hearer, now: number): boolean {
  if (!wants(person, 'digest')) return false
  return person.digestAt === null || isDayOver(person.digestAt, now)
}

/** Whether the oldest that waits since then has waited for longer than this person likes. */
export function waitsTooLong(person: Hearer, oldest: number, now: number): boolean {
  const { remindHours } = person
  return wants(person, 'reminder') && remindHours !== null && now - oldest > remindHours * HOUR
}

/** Whether a day went by since then. */
export const isDayOver = (last: number, now: number): boolean => last > now || now - last > DAY - MOMENT
