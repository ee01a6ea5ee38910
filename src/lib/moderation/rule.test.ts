import { describe, expect, test } from 'vitest'
import { breadthOf, domainsAbove, readCandidate } from './rule'
import { readRuleValue } from './rule-value'

const read = (...typed: Parameters<typeof readRuleValue>) => {
  const value = readRuleValue(...typed)
  return value.ok ? value.value : value.refusal.code
}

test('a value has one form, however it is typed', () => {
  for (const typed of [
    'spam.example',
    ' Spam.Example. ',
    '*.spam.example',
    '.spam.example',
    '@spam.example',
    'ｓpam.example',
  ])
    expect(read('domain', 'exact', typed), typed).toBe('spam.example')
  expect(read('domain', 'exact', 'BÜCHER.example')).toBe('xn--bcher-kva.example')
  expect(read('domain', 'exact', 'xyz')).toBe('xyz')
  expect(read('email', 'exact', 'A.B+c@GoogleMail.com')).toBe('ab@gmail.com')
  expect(read('username', 'exact', '@River:example.org')).toBe('river')
  expect(read('username', 'look', 'B1ll')).toBe(read('username', 'look', 'bill'))
  expect(read('username', 'look', 'river')).toMatch(/^\w+$/)
  expect(read('username', 'look', 'river')).not.toBe('rule_value_invalid')
  expect(read('email', 'pattern', 'a'.repeat(255))).toHaveLength(255)
  expect(read('email', 'pattern', ' SEO-.* ')).toBe('SEO-.*')
})

test('what a subject does not compare by, and what is none of it, is refused', () => {
  for (const typed of [
    '',
    '  ',
    'a b',
    'spam..example',
    '203.0.113.7',
    'http://spam.example',
    '-spam.example',
    '*.*.example',
  ])
    expect(read('domain', 'exact', typed), typed).toBe('rule_value_invalid')
  expect(read('domain', 'pattern', 'spam.*')).toBe('rule_value_invalid')
  expect(read('email', 'exact', 'no address')).toBe('rule_value_invalid')
  expect(read('email', 'pattern', '  ')).toBe('rule_value_invalid')
  for (const form of ['exact', 'look'] as const)
    expect(read('username', form, 'no name'), form).toBe('rule_value_invalid')
  for (const typed of ['a'.repeat(256), 'a\nb', 'a\u0085b'])
    expect(read('email', 'pattern', typed), typed).toBe('rule_value_invalid')
})

test('a value that was copied is read without what nobody sees at its ends, and what stands within is named', () => {
  expect(read('domain', 'exact', '\u200b*.spam.example\ufeff')).toBe('spam.example')
  expect(read('email', 'exact', 'Anna <anna@spam.example>\u00a0')).toBe('anna@spam.example')
  expect(read('email', 'exact', 'mailto:anna%2Bx@spam.example?subject=Hi')).toBe('anna@spam.example')
  expect(read('email', 'pattern', '\u200b.*@spam\\.example\u200b')).toBe('.*@spam\\.example')
  for (const typed of ['https://matrix.to/#/@river:example.org', 'matrix:u/river:example.org', '<@river:x>'])
    expect(read('username', 'exact', typed), typed).toBe('river')
  for (const [subject, form] of [
    ['domain', 'exact'],
    ['email', 'exact'],
    ['email', 'pattern'],
    ['network', 'exact'],
    ['username', 'exact'],
    ['username', 'look'],
  ] as const)
    for (const hidden of ['\u200b', '\u00ad', '\u2060', '\u202e', '\0'])
      expect(readRuleValue(subject, form, `spam${hidden}er`)).toEqual({
        ok: false,
        refusal: { code: 'rule_value_invisible', after: 'spam' },
      })
})

test('a domain is under each that it ends with, by whole labels', () => {
  expect(domainsAbove('a.b.example')).toEqual(['a.b.example', 'b.example', 'example'])
})

describe('what somebody types to try the rules', () => {
  test.each([
    ['203.0.113.7', { clientAddress: '203.0.113.7' }],
    ['::ffff:203.0.113.7', { clientAddress: '203.0.113.7' }],
    ['A@Spam.Example', { email: 'a@spam.example' }],
    ['spam.example', { domain: 'spam.example', username: 'spam.example' }],
    ['@River:example.org', { username: 'river' }],
    ['river', { username: 'river' }],
    ['\u200briver\u2069', { username: 'river' }],
    ['https://matrix.to/#/@river:example.org', { username: 'river' }],
    ['\ufeff203.0.113.7', { clientAddress: '203.0.113.7' }],
    ['Anna <a@spam.example>', { email: 'a@spam.example' }],
    ['<mailto:a@spam.example>', { email: 'a@spam.example' }],
    ['ä b', {}],
    ['', {}],
  ])('%s', (typed, candidate) => expect(readCandidate(typed)).toEqual(candidate))
})

test('rules that hit more than their author may mean are told', () => {
  const breadth = (subject: 'domain' | 'network', value: string) =>
    breadthOf({ subject, form: 'exact', value })
  expect(breadth('domain', 'gmail.com')).toBe('provider')
  expect(breadth('domain', 'example')).toBe('top_level')
  expect(breadth('domain', 'spam.example')).toBeNull()
  expect(breadth('network', '10.0.0.0/8')).toBe('wide_network')
  expect(breadth('network', '10.1.0.0/16')).toBeNull()
  expect(breadth('network', '2001::/16')).toBe('wide_network')
  expect(breadth('network', '2001:db8::/32')).toBeNull()
})
