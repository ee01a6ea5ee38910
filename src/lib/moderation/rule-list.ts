import { accept, refuse, type Refusal, type Result } from '../registration/refusal'
import type { Breadth, RuleCore, RuleEffect } from './rule'
import { kindOf, type RuleKind } from './rule-kind'
import type { ReachCount, RuleView } from './views'

/** A rule to import. `expiresAt` in milliseconds since 1970; null: permanent. */
export interface ListedRule extends RuleCore {
  reason: string | null
  expiresAt: number | null
}

/** `lines`: one value per line; `csv`: a table according to RFC 4180, with a header line. */
export const LIST_FORMATS = ['lines', 'csv'] as const
export type ListFormat = (typeof LIST_FORMATS)[number]

/** How many rules are added at once. */
export const LIST_MAXIMUM = 5_000
/** How many patterns may be active when a list is imported: each is tried for every applicant. */
export const PATTERNS_MAXIMUM = 200

export const RULE_DAYS = [1, 7, 30] as const
export type RuleDays = (typeof RULE_DAYS)[number]

/** How long a form wants a rule to last; null: permanent. */
export const readRuleDays = (text: string): RuleDays | null =>
  RULE_DAYS.find((days) => String(days) === text) ?? null

/**
 * A form's choices for all rules of a list; a table sets them per rule if it has the column. `days`: null for
 * permanent.
 */
export interface ListChoice {
  kind: RuleKind
  effect: RuleEffect
  days: RuleDays | null
  reason: string
}

/** Columns of an export. In the program's own words in every language, so that any import reads any export. */
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

/** Columns that a list may have. */
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

/** Parses when a rule ends: a UTC day, at whose beginning it does, or a moment (ISO 8601); empty: never. */
export function readExpires(typed: string, now: number): Result<number | null> {
  const text = typed.trim()
  if (text === '') return accept(null)
  const day = text.slice(0, 10)
  const at = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  // February 31 is parsed as a day in March.
  const isDay = !Number.isNaN(at) && new Date(Date.parse(day)).toISOString().startsWith(day)
  return isDay && at > now ? accept(at) : refuse({ code: 'rule_expires_wrong' })
}

/** A line of a list that makes no rule, shortened, and why. */
export interface UnreadLine {
  line: number
  value: string
  refusal: Refusal
}

/** Preview of an import, before anything is changed. */
export interface ListView {
  /** Identifies this list and these choices: only what was previewed is imported. */
  seen: string
  /** Rules that would be added, by action, and the first of them, normalized. */
  fresh: { count: number; effects: Record<RuleEffect, number>; some: RuleCore[] }
  /** Rules that exist already, and lines that repeat a rule of the list. */
  there: number
  repeated: number
  /** Lines that start with `#`. */
  skipped: number
  unread: { count: number; some: UnreadLine[] }
  broad: { count: number; some: { line: number; value: string; breadth: Exclude<Breadth, null> }[] }
  /** Requests that the new rules would match. */
  waiting: ReachCount
  approved: ReachCount
}
