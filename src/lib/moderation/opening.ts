import * as v from 'valibot'
import { LANGUAGES, textsSchema, type Language } from '$lib/registration/language'
import { refuse, accept, type Result } from '$lib/registration/refusal'
import { DAY } from '../registration/retention'
import { parseText } from '../registration/talk'

/** From so many on registration closes by itself; null: never. */
export interface OpeningLimits {
  /** Requests that wait for a moderator. */
  waiting: number | null
  /** Requests that came on one day (UTC). */
  perDay: number | null
}

/** What the limits are held against. `today`: requests that came since midnight (UTC). */
export interface OpeningCounts {
  waiting: number
  today: number
}

export const CLOSINGS = ['by_hand', 'waiting', 'per_day', 'set_up'] as const
/** Why nobody can start: a moderator said so, too many wait, too many came today, or an operator has to mend the set-up. */
export type Closing = (typeof CLOSINGS)[number]

/** Why it opened: a moderator said so, the date of theirs came, the waiting were worked off, or a new day began. */
export type Reopening = 'by_hand' | 'date' | 'worked_off' | 'new_day'

/** A moderator's words to everybody who comes, as they were typed. */
export type PublicMessage = Partial<Record<Language, string>>

export const PUBLIC_MESSAGE_MAXIMUM = 1000

/** Whether somebody new can start. `until`: when it opens by itself (milliseconds since 1970), where that is known. */
export type Opening =
  { open: true } | { open: false; why: Closing; message: PublicMessage; until: number | null }

const hand = v.object({
  until: v.fallback(v.nullable(v.number()), null),
  /** A moderator, by id, and when. */
  by: v.fallback(v.string(), ''),
  at: v.fallback(v.number(), 0),
})

/** What is kept of it between two requests. Closed by hand stays closed, whatever else stands there. */
export const openingRecordSchema = v.object({
  /** What a moderator said: closed, or open although a limit closed it. Null: the limits alone count. */
  hand: v.nullable(
    v.variant('says', [
      v.object({
        says: v.literal('closed'),
        message: v.fallback(textsSchema, {}),
        ...hand.entries,
      }),
      v.object({ says: v.literal('open'), ...hand.entries }),
    ]),
  ),
  /** Which limit closed it, and since when; a queue that is too long has to be worked off before that ends. */
  shut: v.fallback(
    v.nullable(v.object({ why: v.picklist(['waiting', 'per_day']), since: v.number() })),
    null,
  ),
})
export type OpeningRecord = v.InferOutput<typeof openingRecordSchema>

export const NOTHING_SAID: OpeningRecord = { hand: null, shut: null }

const LONGEST_CLOSING_DAYS = 366

/** When the day (UTC) of a time ends. */
const endOfDay = (now: number): number => (Math.floor(now / DAY) + 1) * DAY

/** Closed by this many waiting, it opens again at so many. */
export const workedOffAt = (maximum: number): number => Math.floor(maximum / 2)

/** What changed by itself, for the audit log and the moderators. */
export type Change =
  | { open: false; why: Exclude<Closing, 'by_hand' | 'set_up'> }
  | { open: true; why: Exclude<Reopening, 'by_hand'> }

/** What the record becomes as counts and time go on, and whether it closed or opened by that. */
export function settle(
  record: OpeningRecord,
  counts: OpeningCounts,
  limits: OpeningLimits,
  now: number,
): { record: OpeningRecord; change: Change | null } {
  const why = limitReached(record, counts, limits)
  const shut = why === null ? null : record.shut?.why === why ? record.shut : { why, since: now }
  const next: OpeningRecord = { hand: isOver(record.hand, shut, now) ? null : record.hand, shut }
  return { record: next, change: changeBetween(record, next) }
}

function limitReached(
  { shut }: OpeningRecord,
  { waiting, today }: OpeningCounts,
  limits: OpeningLimits,
): 'waiting' | 'per_day' | null {
  const tooMany = limits.waiting !== null && waiting >= limits.waiting
  const stillTooMany =
    limits.waiting !== null && shut?.why === 'waiting' && waiting > workedOffAt(limits.waiting)
  if (tooMany || stillTooMany) return 'waiting'
  return limits.perDay !== null && today >= limits.perDay ? 'per_day' : null
}

/** A date that came ends what was said; that it stays open although is said until no limit closes it any more. */
function isOver(hand: OpeningRecord['hand'], shut: OpeningRecord['shut'], now: number): boolean {
  if (hand === null) return false
  return (hand.until !== null && hand.until <= now) || (hand.says === 'open' && shut === null)
}

function closingOf({ hand, shut }: OpeningRecord): Exclude<Closing, 'set_up'> | null {
  if (hand !== null) return hand.says === 'closed' ? 'by_hand' : null
  return shut?.why ?? null
}

function changeBetween(before: OpeningRecord, after: OpeningRecord): Change | null {
  const was = closingOf(before)
  const is = closingOf(after)
  if (is === 'by_hand' || is === was) return null
  // From one limit to the other it stays closed, and nobody needs to hear of that.
  if (is !== null) return was === null || was === 'by_hand' ? { open: false, why: is } : null
  if (was === 'by_hand') return { open: true, why: 'date' }
  return { open: true, why: was === 'waiting' ? 'worked_off' : 'new_day' }
}

/** Whether somebody new can start, by a settled record. */
export function openingOf(record: OpeningRecord, now: number): Opening {
  const why = closingOf(record)
  if (why === null) return { open: true }
  if (why === 'by_hand' && record.hand?.says === 'closed')
    return { open: false, why, message: record.hand.message, until: record.hand.until }
  return { open: false, why, message: {}, until: why === 'per_day' ? endOfDay(now) : null }
}

/** Whoever began now would come to a step that cannot be done. */
export const NOT_SET_UP: Opening = { open: false, why: 'set_up', message: {}, until: null }

/** Reads a moderator's words and date. `until`: a day (UTC) as forms send it, at whose beginning it ends; empty: none. */
export function readClosing(
  typed: { message: Record<Language, string>; until: string },
  now: number,
): Result<{ message: PublicMessage; until: number | null }> {
  const message: PublicMessage = {}
  for (const language of LANGUAGES) {
    const words = parseText(typed.message[language], PUBLIC_MESSAGE_MAXIMUM)
    if (words.ok) message[language] = words.value
    else if (words.refusal.code !== 'text_missing') return words
  }
  const until = readUntil(typed.until, now)
  return until.ok ? accept({ message, until: until.value }) : until
}

/** Reads until when something said by hand counts: a day (UTC) in the future, within a year; empty: null. */
export function readUntil(typed: string, now: number): Result<number | null> {
  if (typed.trim() === '') return accept(null)
  const at = /^\d{4}-\d{2}-\d{2}$/.test(typed.trim()) ? Date.parse(typed.trim()) : NaN
  const isDay = !Number.isNaN(at) && new Date(at).toISOString().startsWith(typed.trim())
  if (!isDay || at <= now || at > now + LONGEST_CLOSING_DAYS * DAY) return refuse({ code: 'date_wrong' })
  return accept(at)
}

/** The words in a reader's language, else in another; null where there are none. */
export function messageFor(
  message: PublicMessage,
  language: Language,
): { text: string; language: Language } | null {
  for (const one of [language, ...LANGUAGES]) {
    const words = message[one]
    if (words !== undefined) return { text: words, language: one }
  }
  return null
}

/** Whether somebody new can start, as visitors see it. */
export type OpeningView =
  | { open: true }
  | {
      open: false
      why: Closing
      message: { text: string; language: Language } | null
      until: number | null
    }

export const openingView = (opening: Opening, language: Language): OpeningView =>
  opening.open ? opening : { ...opening, message: messageFor(opening.message, language) }
