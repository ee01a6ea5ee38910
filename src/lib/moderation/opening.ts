import * as v from 'valibot'
import { LANGUAGES, textsSchema, type Language, type Texts } from '$lib/registration/language'
import { refuse, accept, type Result } from '$lib/registration/refusal'
import { parseText } from '../registration/talk'
import { DAY } from '../registration/time'

/** Limits at which registration closes automatically; null: never. */
export interface OpeningLimits {
  /** Requests that wait for a moderator. */
  waiting: number | null
  /** Requests that arrived in a day (UTC). */
  perDay: number | null
}

/** What the limits are compared with. `today`: requests since midnight (UTC). */
export interface OpeningCounts {
  waiting: number
  today: number
}

export const CLOSINGS = ['by_hand', 'waiting', 'per_day', 'set_up'] as const
/**
 * Why registration is closed: a moderator closed it, too many requests are waiting, too many came today, or an
 * operator must fix the setup.
 */
export type Closing = (typeof CLOSINGS)[number]

/** Why it reopened: a moderator opened it, the date they set has come, the backlog is cleared, or a new day began. */
export type Reopening = 'by_hand' | 'date' | 'worked_off' | 'new_day'

/** A moderator's message to all visitors, as typed. */
export type PublicMessage = Texts

export const PUBLIC_MESSAGE_MAXIMUM = 1000

/** Whether new applicants can start. `until`: when it reopens automatically (milliseconds since 1970), if known. */
export type Opening =
  { open: true } | { open: false; why: Closing; message: PublicMessage; until: number | null }

const hand = v.object({
  until: v.fallback(v.nullable(v.number()), null),
  /** A moderator, by ID, and when. */
  by: v.fallback(v.string(), ''),
  at: v.fallback(v.number(), 0),
})

/** The stored state. What was closed by hand stays closed, whatever the rest says. */
export const openingRecordSchema = v.object({
  /** A moderator's override: closed, or open in spite of a limit. Null: only the limits count. */
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
  /**
   * Which limit closes it, and since when one does, whichever it was then; a backlog must be cleared before that ends.
   */
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

/** Closed at this many waiting requests, it reopens at so many. */
export const workedOffAt = (maximum: number): number => Math.floor(maximum / 2)

/** An automatic change, for the audit log and the moderators. */
export type Change =
  | { open: false; why: Exclude<Closing, 'by_hand' | 'set_up'> }
  | { open: true; why: Exclude<Reopening, 'by_hand'> }

/** The next state as counts and time move on, and whether it closed or opened by that. */
export function settle(
  record: OpeningRecord,
  counts: OpeningCounts,
  limits: OpeningLimits,
  now: number,
): { record: OpeningRecord; change: Change | null } {
  const why = limitReached(record, counts, limits)
  const shut = why === null ? null : { why, since: record.shut?.since ?? now }
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

/** A date that has come ends the override; being open in spite of a limit ends when no limit applies any more. */
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
  // From one limit to the other it stays closed, and nobody needs to be told.
  if (is !== null) return was === null || was === 'by_hand' ? { open: false, why: is } : null
  if (was === 'by_hand') return { open: true, why: 'date' }
  return { open: true, why: was === 'waiting' ? 'worked_off' : 'new_day' }
}

/** Whether new applicants can start, by an up-to-date state. */
export function openingOf(record: OpeningRecord, now: number): Opening {
  const why = closingOf(record)
  if (why === null) return { open: true }
  if (why === 'by_hand' && record.hand?.says === 'closed')
    return { open: false, why, message: record.hand.message, until: record.hand.until }
  return { open: false, why, message: {}, until: why === 'per_day' ? endOfDay(now) : null }
}

/** Anyone starting now would reach a step that cannot be completed. */
export const NOT_SET_UP: Opening = { open: false, why: 'set_up', message: {}, until: null }

/**
 * Reads a moderator's message and date. `until`: a UTC day as forms send it, at whose beginning it ends; empty: none.
 */
export function readClosing(
  typed: { message: Texts; until: string },
  now: number,
): Result<{ message: PublicMessage; until: number | null }> {
  const message: PublicMessage = {}
  for (const language of LANGUAGES) {
    const words = parseText(typed.message[language] ?? '', PUBLIC_MESSAGE_MAXIMUM)
    if (words.ok) message[language] = words.value
    else if (words.refusal.code !== 'text_missing') return words
  }
  const until = readUntil(typed.until, now)
  return until.ok ? accept({ message, until: until.value }) : until
}

/** Reads until when an override lasts: a UTC day in the future, within a year; empty: null. */
export function readUntil(typed: string, now: number): Result<number | null> {
  if (typed.trim() === '') return accept(null)
  const at = /^\d{4}-\d{2}-\d{2}$/.test(typed.trim()) ? Date.parse(typed.trim()) : NaN
  const isDay = !Number.isNaN(at) && new Date(at).toISOString().startsWith(typed.trim())
  if (!isDay || at <= now || at > now + LONGEST_CLOSING_DAYS * DAY) return refuse({ code: 'date_wrong' })
  return accept(at)
}

/** The message in a reader's language, or else in another; null if there is none. */
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

/** Whether registration is open, as visitors see it. */
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
