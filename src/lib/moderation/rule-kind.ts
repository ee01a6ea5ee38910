import type { RuleForm, RuleSubject } from './rule'

/** What a rule matches and how it compares, in one word for forms. */
export const RULE_KINDS = {
  address: { subject: 'email', form: 'exact' },
  address_pattern: { subject: 'email', form: 'pattern' },
  domain: { subject: 'domain', form: 'exact' },
  network: { subject: 'network', form: 'exact' },
  name: { subject: 'username', form: 'exact' },
  name_look: { subject: 'username', form: 'look' },
  name_pattern: { subject: 'username', form: 'pattern' },
} as const satisfies Record<string, { subject: RuleSubject; form: RuleForm }>
export type RuleKind = keyof typeof RULE_KINDS

/** The kind named by a form field, or null. */
export function readRuleKind(text: string): RuleKind | null {
  return KINDS.find((kind) => kind === text) ?? null
}

export const KINDS: readonly RuleKind[] = [
  'domain',
  'network',
  'address',
  'address_pattern',
  'name',
  'name_look',
  'name_pattern',
]

export function kindOf({ subject, form }: { subject: RuleSubject; form: RuleForm }): RuleKind {
  const found = KINDS.find((kind) => RULE_KINDS[kind].subject === subject && RULE_KINDS[kind].form === form)
  if (found === undefined) throw new Error(`No kind of rule compares ${subject} by ${form}`)
  return found
}

/** A pattern for usernames like this one: the same, with any number in place of its number (RE2 syntax). */
export function patternOf(username: string): string {
  return username
    .split(/(\d+)/)
    .map((part, index) => (index % 2 === 1 ? '[0-9]+' : part.replace(/[.+*?()|[\]{}\\^$]/g, '\\$&')))
    .join('')
}
