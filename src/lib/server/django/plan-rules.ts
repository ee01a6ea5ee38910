import {
  breadthOf,
  lastsLonger,
  prolongs,
  readRuleReason,
  RULE_REASON_MAXIMUM,
  RULE_VALUE_MAXIMUM,
  ruleKey,
} from '$lib/moderation/rule'
import { RULE_KINDS, type RuleKind } from '$lib/moderation/rule-kind'
import type { ListedRule } from '$lib/moderation/rule-list'
import { plainLines } from '$lib/registration/text-length'
import { readRule } from '../rules/store'
import { readPythonPattern } from './python-pattern'
import { readTime, type DjangoRule } from './rows'

/** A block rule as it can be had here; `rule` is null if it cannot. */
export interface ReadDjangoRule {
  row: DjangoRule
  rule: ListedRule | null
  /** It blocks here whom it did not block there. */
  isWider: boolean
  /** Sentences: what is different, or why it cannot be taken. */
  notes: string[]
}

/** What becomes of a block rule. `known`: it is here, or was ended here. */
export type PlannedRule = ReadDjangoRule &
  ({ outcome: 'taken'; rule: ListedRule } | { outcome: 'known' } | { outcome: 'left_out' })

/** Everybody at a domain: `.*@spam\.example`, `@spam.example`, `spam.example`. The dots are often not escaped. */
const AT_DOMAIN =
  /^(\^?(?:\.[*+]|\[\^@\][*+])@|\^?@|)((?:[\p{L}\p{M}\p{N}-]+\\?\.)+[\p{L}\p{M}\p{N}-]+)(\$?)$/u

/**
 * Reads block rules of the Django program; pure. There a pattern matches from the start of the value, and is open at
 * the end (Python's `re.match`); networks never matched (the check failed for every address), and rules on usernames
 * only with an end date. A row can make two rules; the second ones come last, as the first there is room for others.
 */
export function readDjangoRules(rows: readonly DjangoRule[], now: number): ReadDjangoRule[] {
  const own: ReadDjangoRule[] = []
  const beside: ReadDjangoRule[] = []
  for (const row of rows) {
    const expiresAt = readTime(row.expires)
    if (row.expires !== null && expiresAt === null) own.push(unread(row, 'its end date cannot be read'))
    else if (expiresAt !== null && expiresAt <= now) own.push(unread(row, 'it has expired'))
    else {
      const [first, ...others] = readRow(row)
      own.push(withEnd(first, expiresAt))
      beside.push(...others.map((one) => withEnd(one, expiresAt)))
    }
  }
  return [...own, ...beside]
}

function readRow(row: DjangoRule): [ReadDjangoRule, ...ReadDjangoRule[]] {
  if (row.subject === 'network') return [readNetwork(row)]
  const domain = readDomain(row)
  if (domain === null) return [readPattern(row)]
  return isStartOfAddress(row) ? [domain, readStart(row)] : [domain]
}

function withEnd(found: ReadDjangoRule, expiresAt: number | null): ReadDjangoRule {
  if (found.rule === null) return found
  const { reason, isCut } = reasonOf(found.row)
  const notes = isCut ? [...found.notes, 'its reason is shortened'] : found.notes
  return { ...found, rule: { ...found.rule, reason, expiresAt }, notes }
}

/**
 * Plans which rules are written: of those that are the same, the one that lasts longest. `there`: when those that apply
 * here end; `ended`: the keys of those that were ended here; `patterns`: how many more patterns can be active.
 */
export function planRules(
  read: readonly ReadDjangoRule[],
  {
    there,
    ended,
    patterns,
  }: { there: ReadonlyMap<string, number | null>; ended: ReadonlySet<string>; patterns: number },
): PlannedRule[] {
  const longest = new Map<string, ListedRule>()
  for (const { rule } of read) {
    const other = rule === null ? undefined : longest.get(ruleKey(rule))
    if (rule !== null && (other === undefined || lastsLonger(rule, other))) longest.set(ruleKey(rule), rule)
  }
  let room = patterns
  return read.map((one): PlannedRule => {
    const { rule } = one
    const out = (why: string): PlannedRule => ({ ...one, outcome: 'left_out', notes: [why] })
    if (rule === null) return { ...one, outcome: 'left_out' }
    const key = ruleKey(rule)
    if (longest.get(key) !== rule)
      return out('another rule of the file is the same, and lasts at least as long')
    const ends = there.get(key)
    if (ends !== undefined && !prolongs(rule, { expiresAt: ends }))
      return { ...one, outcome: 'known', notes: [] }
    if (ended.has(key)) return { ...one, outcome: 'known', notes: ['it was ended here'] }
    if (ends !== undefined)
      return {
        ...one,
        rule,
        outcome: 'taken',
        notes: [...one.notes, 'the rule here ends sooner, and is prolonged'],
      }
    if (rule.form === 'pattern' && room-- <= 0) return out('there would be too many patterns')
    return { ...one, rule, outcome: 'taken' }
  })
}

const unread = (row: DjangoRule, why: string): ReadDjangoRule => ({
  row,
  rule: null,
  isWider: false,
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
  return { row, rule, isWider: true, notes }
}

function readDomain(row: DjangoRule): ReadDjangoRule | null {
  if (row.subject !== 'email') return null
  const [, before = '', typed] = AT_DOMAIN.exec(row.value) ?? []
  const rule = typed === undefined ? null : blockOf('domain', typed.replaceAll('\\', ''))
  if (rule === null) return null
  const isWider = !/[*+]/.test(before)
  const notes = [
    isWider
      ? 'there it only matched email addresses that start with it; here everybody at the domain and its subdomains'
      : 'with its subdomains',
  ]
  if (breadthOf(rule) === 'provider') notes.push('a provider with many customers')
  return { row, rule, isWider, notes }
}

/** `john.doe` looks like a domain, and blocked addresses that start with it: `john.doe@mail.example`. */
const isStartOfAddress = ({ value }: DjangoRule): boolean => {
  const [, before, , end] = AT_DOMAIN.exec(value) ?? []
  return before === '' && end === '' && !NOT_ASCII.test(value)
}

function readStart(row: DjangoRule): ReadDjangoRule {
  const found = readPattern(row)
  return found.rule === null
    ? { ...found, notes: found.notes.map((why) => `email addresses that start with it: ${why}`) }
    : { ...found, notes: ['email addresses that start with it, as there', ...found.notes] }
}

const NOT_ASCII = /\P{ASCII}/u

function readPattern(row: DjangoRule): ReadDjangoRule {
  const { subject, value, expires } = row
  if (value === '') return unread(row, 'it is empty, and would match everybody')
  if (subject === 'email' && NOT_ASCII.test(value))
    return unread(row, 'email addresses have only ASCII letters here; write the domain as xn--…')
  const { hasCapitals, hasCapitalClass, problem } = readPythonPattern(value)
  if (problem !== null) return unread(row, problem)
  const pattern = `${hasCapitalClass ? '(?-i)' : ''}(?:${value}).*`
  const rule = blockOf(subject === 'email' ? 'address_pattern' : 'name_pattern', pattern)
  if (rule === null) return unread(row, whyNoPattern(value, pattern))
  const neverMatched = subject === 'username' && expires === null
  const ignoresCase = hasCapitals && !hasCapitalClass
  const notes: string[] = []
  if (neverMatched) notes.push('rules on usernames without an end date never matched there')
  if (ignoresCase) notes.push('case is ignored here')
  if (hasCapitalClass)
    notes.push('it tells capitals from small letters, as there; here all letters are small')
  return { row, rule, isWider: neverMatched || ignoresCase, notes }
}

/** RE2 has what can be matched in linear time, and nothing else. */
function whyNoPattern(value: string, pattern: string): string {
  if (/\(\?<?[=!]/.test(value)) return 'look-ahead and look-behind do not exist here'
  if (/\\[1-9]|\(\?P=/.test(value)) return 'back-references do not exist here'
  if (pattern.length > RULE_VALUE_MAXIMUM)
    return `it is longer than the ${String(RULE_VALUE_MAXIMUM)} characters of a pattern here`
  return 'it is not a pattern here, or too slow a one'
}

function reasonOf({ reason }: DjangoRule): { reason: string | null; isCut: boolean } {
  const read = readRuleReason(reason ?? '')
  if (read.ok) return { reason: read.value, isCut: false }
  return { reason: [...plainLines(reason ?? '')].slice(0, RULE_REASON_MAXIMUM).join(''), isCut: true }
}
