import {
  breadthOf,
  readRuleReason,
  RULE_REASON_MAXIMUM,
  RULE_VALUE_MAXIMUM,
  ruleKey,
} from '$lib/moderation/rule'
import { RULE_KINDS, type RuleKind } from '$lib/moderation/rule-kind'
import type { ListedRule } from '$lib/moderation/rule-list'
import { plainLines } from '$lib/registration/text-length'
import { readRule } from '../rules/store'
import { readTime, type DjangoRule } from './rows'

/** A block rule as it can be had here; `rule` is null if it cannot. */
export interface ReadDjangoRule {
  row: DjangoRule
  rule: ListedRule | null
  /** It never matched anybody there, and would do so here. */
  isFirstTime: boolean
  /** Sentences: what is different, or why it cannot be taken. */
  notes: string[]
}

/** What becomes of a block rule. `known`: it is here, or was ended here. */
export type PlannedRule = ReadDjangoRule &
  ({ outcome: 'taken'; rule: ListedRule } | { outcome: 'known' } | { outcome: 'left_out' })

/** Everybody at a domain: `.*@spam\.example`, `@spam.example`, `spam.example`. The dots are often not escaped. */
const AT_DOMAIN = /^(\^?(?:\.[*+]|\[\^@\][*+])@|\^?@|)((?:[a-z0-9-]+\\?\.)+[a-z0-9-]+)\$?$/i

/**
 * Reads block rules of the Django program; pure. There a pattern matches from the start of the value, and is open at
 * the end (Python's `re.match`); networks never matched (the check failed for every address), and rules on usernames
 * only with an end date.
 */
export function readDjangoRules(rows: readonly DjangoRule[], now: number): ReadDjangoRule[] {
  return rows.map((row) => {
    const expiresAt = readTime(row.expires)
    if (row.expires !== null && expiresAt === null) return unread(row, 'its end date cannot be read')
    if (expiresAt !== null && expiresAt <= now) return unread(row, 'it has expired')
    const found = row.subject === 'network' ? readNetwork(row) : (readDomain(row) ?? readPattern(row))
    if (found.rule === null) return found
    const { reason, isCut } = reasonOf(row)
    if (isCut) found.notes.push('its reason is shortened')
    return { ...found, rule: { ...found.rule, reason, expiresAt } }
  })
}

/**
 * Plans which rules are written. `there`, `ended`: the keys of those that apply here, and of those that were ended
 * here; `patterns`: how many more patterns can be active.
 */
export function planRules(
  read: readonly ReadDjangoRule[],
  { there, ended, patterns }: { there: ReadonlySet<string>; ended: ReadonlySet<string>; patterns: number },
): PlannedRule[] {
  const keys = new Set<string>()
  let room = patterns
  return read.map((one): PlannedRule => {
    const { rule } = one
    if (rule === null) return { ...one, outcome: 'left_out' }
    const key = ruleKey(rule)
    if (there.has(key)) return { ...one, outcome: 'known', notes: [] }
    if (ended.has(key)) return { ...one, outcome: 'known', notes: ['it was ended here'] }
    const out = (why: string): PlannedRule => ({ ...one, outcome: 'left_out', notes: [why] })
    if (keys.has(key)) return out('another rule of the file is the same')
    if (rule.form === 'pattern' && room-- <= 0) return out('there would be too many patterns')
    keys.add(key)
    return { ...one, rule, outcome: 'taken' }
  })
}

const unread = (row: DjangoRule, why: string): ReadDjangoRule => ({
  row,
  rule: null,
  isFirstTime: false,
  notes: [why],
})

/** A rule of this kind, or null if the value cannot be one. */
function blockOf(kind: RuleKind, value: string): ListedRule | null {
  const read = readRule({ ...RULE_KINDS[kind], effect: 'block', value })
  return read.ok ? { ...read.value, reason: null, expiresAt: null } : null
}

function readNetwork(row: DjangoRule): ReadDjangoRule {
  const rule = blockOf('network', row.value)
  if (rule === null) return unread(row, 'it is not a network')
  const notes = ['networks never matched there']
  if (breadthOf(rule) !== null) notes.push('it is very large')
  return { row, rule, isFirstTime: true, notes }
}

function readDomain(row: DjangoRule): ReadDjangoRule | null {
  if (row.subject !== 'email') return null
  const [, before = '', typed] = AT_DOMAIN.exec(row.value) ?? []
  const rule = typed === undefined ? null : blockOf('domain', typed.replaceAll('\\', ''))
  if (rule === null) return null
  const isFirstTime = !/[*+]/.test(before)
  const notes = [
    isFirstTime
      ? 'there it only matched email addresses that start with it; here everybody at the domain and its subdomains'
      : 'with its subdomains',
  ]
  if (breadthOf(rule) === 'provider') notes.push('a provider with many customers')
  return { row, rule, isFirstTime, notes }
}

function readPattern(row: DjangoRule): ReadDjangoRule {
  const { subject, value, expires } = row
  if (value === '') return unread(row, 'it is empty, and would match everybody')
  if (hasOpenRepetition(value)) return unread(row, '{,n} is no repetition here; write {0,n}')
  const rule = blockOf(subject === 'email' ? 'address_pattern' : 'name_pattern', `(?:${value}).*`)
  if (rule === null) return unread(row, whyNoPattern(value))
  const isFirstTime = subject === 'username' && expires === null
  const notes: string[] = []
  if (isFirstTime) notes.push('rules on usernames without an end date never matched there')
  if (/[A-Z]/.test(value.replace(/\\./g, ''))) notes.push('case is ignored here')
  return { row, rule, isFirstTime, notes }
}

/** Python reads `{,3}` as up to three times, RE2 as the text itself. */
const hasOpenRepetition = (pattern: string): boolean => /\{,\d+\}/.test(pattern.replace(/\\./g, ''))

/** RE2 has what can be matched in linear time, and nothing else. */
function whyNoPattern(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) return 'look-ahead and look-behind do not exist here'
  if (/\\[1-9]|\(\?P=/.test(pattern)) return 'back-references do not exist here'
  if (`(?:${pattern}).*`.length > RULE_VALUE_MAXIMUM)
    return `it is longer than the ${String(RULE_VALUE_MAXIMUM)} characters of a pattern here`
  return 'it is not a pattern here, or too slow a one'
}

function reasonOf({ reason }: DjangoRule): { reason: string | null; isCut: boolean } {
  const read = readRuleReason(reason ?? '')
  if (read.ok) return { reason: read.value, isCut: false }
  return { reason: [...plainLines(reason ?? '')].slice(0, RULE_REASON_MAXIMUM).join(''), isCut: true }
}
