import { accept, refuse, type Refusal, type Result } from '../registration/refusal'
import type { Breadth, RuleCore, RuleEffect } from './rule'
import { kindOf, type RuleKind } from './rule-kind'
import type { ReachCount, RuleView } from './views'

/** A rule of a list that is to be added. `expiresAt` in milliseconds since 1970; null: for ever. */
export interface ListedRule extends RuleCore {
  reason: string | null
  expiresAt: number | null
}

/** `lines`: one value a line; `csv`: a table by RFC 4180, with a line of names. */
export const LIST_FORMATS = ['lines', 'csv'] as const
export type ListFormat = (typeof LIST_FORMATS)[number]

/** So many rules are added at once. */
export const LIST_MAXIMUM = 5_000
/** So many patterns count when a list is added: each is tried by itself for everybody who asks. */
export const PATTERNS_MAXIMUM = 200

export const RULE_DAYS = [1, 7, 30] as const
export type RuleDays = (typeof RULE_DAYS)[number]

/** How long a form wants a rule to count; null: for ever. */
export const readRuleDays = (text: string): RuleDays | null =>
  RULE_DAYS.find((days) => String(days) === text) ?? null

/** What a form says of all rules of a list; a table says it of each where it has the column. `days`: null for ever. */
export interface ListChoice {
  kind: RuleKind
  effect: RuleEffect
  days: RuleDays | null
  reason: string
}

/** Columns of an export. The program's own words in every language, so that every import reads every export. */
export const RULE_COLUMNS = [
  'kind',
  'value',
  'effect',
  'reason',
  'expires',
  'author',
  'made',
  'hits',
  'last_hit',
] as const

/** Those that a list can have. */
export const LIST_COLUMNS = ['value', 'kind', 'effect', 'reason', 'expires'] as const
export type ListColumn = (typeof LIST_COLUMNS)[number]

const moment = (at: number | null): string => (at === null ? '' : new Date(at).toISOString())

/** A rule as a line of an export, in the order of its columns. */
export const ruleCells = (rule: Omit<RuleView, 'id' | 'mayEnd' | 'endedAt'>): string[] => [
  kindOf(rule),
  rule.value,
  rule.effect,
  rule.reason ?? '',
  moment(rule.expiresAt),
  rule.author ?? '',
  moment(rule.madeAt),
  String(rule.hits),
  moment(rule.lastHitAt),
]

const MOMENT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Reads when a rule ends: a day (UTC), at whose beginning it does, or a moment of it (ISO 8601); empty: never. */
export function readExpires(typed: string, now: number): Result<number | null> {
  const text = typed.trim()
  if (text === '') return accept(null)
  const day = text.slice(0, 10)
  const at = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  // The 31st of February is read as a day of March.
  const isDay = !Number.isNaN(at) && new Date(Date.parse(day)).toISOString().startsWith(day)
  return isDay && at > now ? accept(at) : refuse({ code: 'rule_expires_wrong' })
}

/** A line of a list that makes no rule, cut short, and why. */
export interface UnreadLine {
  line: number
  value: string
  refusal: Refusal
}

/** What would come of a list, before anything is changed. */
export interface ListView {
  /** Stands for just this list and these choices: only what was looked at is added. */
  seen: string
  /** Rules that would be added, by what they do, and the first of them in their one form. */
  fresh: { count: number; effects: Record<RuleEffect, number>; some: RuleCore[] }
  /** Rules that count already, and lines that say a rule of the list again. */
  there: number
  repeated: number
  /** Lines that begin with `#`. */
  skipped: number
  unread: { count: number; some: UnreadLine[] }
  broad: { count: number; some: { line: number; value: string; breadth: Exclude<Breadth, null> }[] }
  /** Whom those that would be added match. */
  waiting: ReachCount
  approved: ReachCount
}
