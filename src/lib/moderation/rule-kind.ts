import type { RuleForm, RuleSubject } from './rule'

/**
 * What a rule matches and how it compares, in one word, in the order of forms. What a kind does with values is in
 * `rule-value.ts`, its name for people in the words of pages; TypeScript asks for both.
 */
export const RULE_KINDS = {
  domain: { subject: 'domain', form: 'exact' },
  network: { subject: 'network', form: 'exact' },
  address: { subject: 'email', form: 'exact' },
  address_pattern: { subject: 'email', form: 'pattern' },
  name: { subject: 'username', form: 'exact' },
  name_look: { subject: 'username', form: 'look' },
  name_pattern: { subject: 'username', form: 'pattern' },
} as const satisfies Record<string, { subject: RuleSubject; form: RuleForm }>
export type RuleKind = keyof typeof RULE_KINDS

export const KINDS: readonly RuleKind[] = Object.keys(RULE_KINDS).filter((name) => isKind(name))

/** What a rule made from a request can be about, in the order in which its page offers that. */
export const OFFERED_KINDS: readonly RuleKind[] = [
  'address',
  'domain',
  'network',
  'name_pattern',
  'name_look',
]

function isKind(name: string): name is RuleKind {
  return Object.hasOwn(RULE_KINDS, name)
}

/** The kind named by a form field, or null. */
export const readRuleKind = (text: string): RuleKind | null => (isKind(text) ? text : null)

/** The kind that compares this subject in this form; null if none does. */
export const findKind = ({ subject, form }: { subject: RuleSubject; form: RuleForm }): RuleKind | null =>
  KINDS.find((kind) => RULE_KINDS[kind].subject === subject && RULE_KINDS[kind].form === form) ?? null

/** The kind of a rule; throws if it can be none. */
export function kindOf(rule: { subject: RuleSubject; form: RuleForm }): RuleKind {
  const found = findKind(rule)
  if (found === null) throw new Error(`No kind of rule compares ${rule.subject} by ${rule.form}`)
  return found
}
