import { expect, test } from 'vitest'
import { RULE_FORMS, RULE_SUBJECTS } from './rule'
import { findKind, kindOf, KINDS, OFFERED_KINDS, readRuleKind, RULE_KINDS } from './rule-kind'
import { patternOf, readRuleValue, RULE_VALUES } from './rule-value'

const ways = RULE_SUBJECTS.flatMap((subject) => RULE_FORMS.map((form) => ({ subject, form })))

test('each way to compare has one kind or none, and a form’s field is one of them or none', () => {
  expect(ways.flatMap((way) => findKind(way) ?? []).sort()).toEqual([...KINDS].sort())
  expect(KINDS.map((kind) => kindOf(RULE_KINDS[kind]))).toEqual(KINDS)
  expect(readRuleKind('domain')).toBe('domain')
  expect(readRuleKind('toString')).toBeNull()
})

test('what no kind compares makes no rule', () => {
  const none = ways.filter((way) => findKind(way) === null)
  expect(none).toContainEqual({ subject: 'network', form: 'look' })
  for (const { subject, form } of none) {
    expect(readRuleValue(subject, form, 'spam.test').ok).toBe(false)
    expect(() => kindOf({ subject, form })).toThrow('No kind')
  }
})

test('a rule made from a request is about that request, whatever its kind', () => {
  const request = { email: 'Anna.B@Spam.Example', username: 'river7', clientAddress: '2001:db8::7' }
  const made = KINDS.map((kind) => [kind, RULE_VALUES[kind].from(request)])
  expect(Object.fromEntries(made)).toEqual({
    domain: 'Spam.Example',
    network: '2001:db8::/64',
    address: 'Anna.B@Spam.Example',
    address_pattern: 'Anna.B@Spam.Example',
    name: 'river7',
    name_look: 'river7',
    name_pattern: 'river[0-9]+',
  })
  expect(OFFERED_KINDS).toEqual(['address', 'domain', 'network', 'name_pattern', 'name_look'])
})

test('a pattern of a name matches that name with any numbers, and nothing else in it is a sign of the engine', () => {
  const pattern = new RegExp(`^(?:${patternOf('seo.expert+88-x1')})$`)
  expect(pattern.test('seo.expert+88-x1')).toBe(true)
  expect(pattern.test('seo.expert+7-x12')).toBe(true)
  expect(pattern.test('seoxexpertt88-x1')).toBe(false)
  expect(patternOf('river')).toBe('river')
})
