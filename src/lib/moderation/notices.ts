import * as v from 'valibot'
import { languageSchema, type Language } from '$lib/registration/language'
import { NOTICES, type Notices } from './moderator'
import { DAY, HOUR } from '../registration/time'

/** Jobs run by the clock: one that is a moment early still counts for its day. */
const MOMENT = 60_000

export const REMIND_HOURS = { minimum: 1, maximum: 720 }

/** Which email a moderator wants. `remindHours`: null for no reminder. */
export const noticesSchema = v.object({
  notices: v.picklist(NOTICES),
  remindHours: v.nullable(v.number()),
  language: languageSchema,
})
export type NoticesWish = v.InferOutput<typeof noticesSchema>

/** A moderator as a recipient of email. Times are milliseconds since 1970. */
export interface Hearer {
  email: string
  notices: Notices
  remindHours: number | null
  digestAt: number | null
  language: Language
  emailConfirmedAt: number | null
  disabledAt: number | null
}

/** Why an email goes to a moderator: a new request, the daily digest, or a request that has waited for long. */
export const NOTICE_REASONS = ['each', 'digest', 'reminder'] as const
export type NoticeReason = (typeof NOTICE_REASONS)[number]

/** Whether an email for this reason may go to this moderator: never to an unconfirmed address. */
export function wants(person: Hearer, why: NoticeReason): boolean {
  if (person.disabledAt !== null || person.emailConfirmedAt === null) return false
  return why === 'reminder' ? person.remindHours !== null : person.notices === why
}

/** Whether the daily digest is due; a last one in the future was recorded while the clock was wrong. */
export function isDigestDue(person: Hearer, now: number): boolean {
  if (!wants(person, 'digest')) return false
  return person.digestAt === null || isDayOver(person.digestAt, now)
}

/** Whether the oldest request, waiting since then, exceeds this moderator's limit. */
export function waitsTooLong(person: Hearer, oldest: number, now: number): boolean {
  const { remindHours } = person
  return wants(person, 'reminder') && remindHours !== null && now - oldest > remindHours * HOUR
}

/** Whether a day has passed since then. */
export const isDayOver = (last: number, now: number): boolean => last > now || now - last > DAY - MOMENT
