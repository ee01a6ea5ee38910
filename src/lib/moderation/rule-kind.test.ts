import { expect, test } from 'vitest'
import { FORMS, RULE_SUBJECTS } from './rule'
import { kindOf, KINDS, patternOf, readRuleKind, RULE_KINDS } from './rule-kind'

test('each way to compare has one kind, and a form’s field is one of them or none', () => {
  const ways = RULE_SUBJECTS.flatMap((subject) => FORMS[subject].map((form) => ({ subject, form })))
  expect(ways.map(kindOf).sort()).toEqual([...KINDS].sort())
  expect(KINDS.map((kind) => kindOf(RULE_KINDS[kind]))).toEqual(KINDS)
  expect(readRuleKind('domain')).toBe('domain')
  expect(readRuleKind('toString')).toBeNull()
})

test('a pattern of a name matches that name with any numbers, and nothing else in it is a sign of the engine', () => {
  const pattern = new RegExp(`^(?:${patternOf('seo.expert+88-x1')})$`)
  expect(pattern.test('seo.expert+88-x1')).toBe(true)
  expect(pattern.test('seo.expert+7-x12')).toBe(true)
  expect(pattern.test('seoxexpertt88-x1')).toBe(false)
  expect(patternOf('river')).toBe('river')
})
