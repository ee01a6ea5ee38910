import { describe, expect, test } from 'vitest'
import type { RuleEffect, RuleForm, RuleSubject } from '$lib/moderation/rule'
import { lookOf } from '$lib/registration/username'
import { email, NOON, username } from '../../../../tests/support/registration'
import { createMatcher, isPattern, judge, rulesOfConfiguration, type Rule } from './matcher'

const rule = (
  effect: RuleEffect,
  subject: RuleSubject,
  value: string,
  { form = 'exact' as RuleForm, expiresAt = null as number | null } = {},
): Rule => ({ id: `${effect} ${subject} ${value}`, subject, form, value, effect, expiresAt })

const candidate = {
  clientAddress: '203.0.113.7',
  email: email('someone@spam.example'),
  username: username('river'),
}
const onPerson = (effect: RuleEffect) => rule(effect, 'network', '203.0.113.0/24')
const onDomain = (effect: RuleEffect) => rule(effect, 'domain', 'spam.example')
const onName = (effect: RuleEffect) => rule(effect, 'username', 'river')
/** What happens to the candidate, and by which rule, in whatever order the rules were made. */
function verdicts(...rules: Rule[]): (string | null)[] {
  const orders = [rules, [...rules].reverse()]
  return [...new Set(orders.map((order) => judge(createMatcher(order)(candidate, NOON))?.id ?? null))]
}

describe('of two rules that match', () => {
  const PAIRS: [RuleEffect, RuleEffect, 'the first' | 'the second' | 'none'][] = [
    ['hold', 'block', 'the second'],
    ['block', 'hold', 'the first'],
    ['block', 'block', 'the first'],
    ['hold', 'hold', 'the first'],
    ['allow', 'block', 'the second'],
    ['block', 'allow', 'the first'],
    ['allow', 'hold', 'the second'],
    ['hold', 'allow', 'the first'],
    ['allow', 'allow', 'none'],
  ]
  test.each(PAIRS)('%s on the network and %s on the name: %s decides', (network, name, decides) => {
    const [first, second] = [onPerson(network), onName(name)]
    const expected = { 'the first': first.id, 'the second': second.id, none: null }[decides]
    expect(verdicts(first, second)).toEqual([expected])
  })

  test.each<[RuleEffect, RuleEffect, RuleEffect | null]>([
    ['block', 'hold', 'block'],
    ['hold', 'block', 'block'],
    ['allow', 'block', null],
    ['block', 'allow', null],
    ['allow', 'hold', null],
    ['hold', 'allow', null],
  ])('%s on the network and %s on the domain, both of the person: %s', (network, domain, effect) => {
    const rules = [onPerson(network), onDomain(domain)]
    expect(verdicts(...rules)).toEqual([rules.find((one) => one.effect === effect)?.id ?? null])
  })

  test('an exception of the name frees it from a pattern, and the person from nothing', () => {
    const pattern = rule('block', 'username', 'r.*', { form: 'pattern' })
    expect(verdicts(onName('allow'), pattern)).toEqual([null])
    expect(verdicts(onName('allow'), pattern, onPerson('hold'))).toEqual([onPerson('hold').id])
    expect(verdicts(onPerson('allow'), onDomain('block'), pattern)).toEqual([pattern.id])
  })
})

test('exceptions come first, what refuses before what holds, and nothing happens where nothing matches', () => {
  const rules = [onName('hold'), onDomain('block'), onPerson('allow')]
  expect(createMatcher(rules)(candidate, NOON).map(({ effect }) => effect)).toEqual([
    'allow',
    'block',
    'hold',
  ])
  expect(createMatcher(rules)({}, NOON)).toEqual([])
  expect(judge([])).toBeNull()
})

test('a rule counts until the moment at which it ends', () => {
  const matches = createMatcher([rule('block', 'username', 'river', { expiresAt: NOON })])
  expect(matches(candidate, NOON - 1)).toHaveLength(1)
  expect(matches(candidate, NOON)).toEqual([])
})

test('several rules on one value all match', () => {
  const rules = [onName('block'), { ...onName('hold') }]
  expect(createMatcher(rules)(candidate, NOON)).toEqual(rules)
})

test.each<[string, string, string[], string[]]>([
  ['IPv4', '203.0.113.0/24', ['203.0.113.255', '::ffff:203.0.113.1'], ['203.0.112.255', '2001:db8::1']],
  ['one IPv4 address', '203.0.113.7', ['203.0.113.7'], ['203.0.113.8']],
  ['IPv6', '2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::1', '203.0.113.7']],
  ['all of IPv6', '::/0', ['2001:db9::1'], ['203.0.113.7']],
  ['all of IPv4', '0.0.0.0/0', ['203.0.113.7'], ['2001:db9::1']],
])('a rule on a network matches the addresses in it and no others: %s', (_, value, inside, outside) => {
  const matches = createMatcher([
    rule('block', 'network', value),
    rule('block', 'network', '198.51.100.0/25'),
  ])
  const found = (clientAddress: string) => matches({ clientAddress }, NOON).length
  expect(inside.map(found)).toEqual(inside.map(() => 1))
  expect(outside.map(found)).toEqual(outside.map(() => 0))
})

test('a part of a candidate is compared with rules on that part alone', () => {
  const rules = [
    rule('block', 'email', 'river', { form: 'pattern' }),
    rule('block', 'username', 'someone@.*', { form: 'pattern' }),
    rule('hold', 'username', 'RI.ER', { form: 'pattern' }),
    rule('hold', 'email', 'SOMEONE@.*', { form: 'pattern' }),
    rule('hold', 'email', 'someone@spam.example'),
  ]
  const matches = createMatcher(rules)
  expect(matches(candidate, NOON)).toEqual([rules[4], rules[2], rules[3]])
  expect(matches({ username: username('river') }, NOON)).toEqual([rules[2]])
  expect(matches({ domain: 'spam.example' }, NOON)).toEqual([])
  const onDomains = createMatcher([onDomain('block')])
  expect(onDomains({ domain: 'a.spam.example' }, NOON)).toHaveLength(1)
  expect(onDomains({ email: email('a@b.spam.example') }, NOON)).toHaveLength(1)
  expect(onDomains({ domain: 'notspam.example' }, NOON)).toEqual([])
})

test('names are compared by themselves and by their look, and where there is none, with nothing', () => {
  const look = rule('hold', 'username', lookOf(username('river')), { form: 'look' })
  expect(createMatcher([look])({ username: username('r1ver') }, NOON)).toEqual([look])
  expect(createMatcher([look])({ username: username('brook') }, NOON)).toEqual([])
  const address = rule('block', 'username', '10.0.0.1')
  expect(createMatcher([address])({ username: username('10.0.0.1') }, NOON)).toEqual([address])
  expect(createMatcher([rule('block', 'username', 'undefined')])({}, NOON)).toEqual([])
})

test('a rule on one address says nothing of the network around it', () => {
  const matches = createMatcher([rule('block', 'network', '203.0.113.0')])
  expect(matches({ clientAddress: '203.0.113.0/24' }, NOON)).toEqual([])
})

describe('a pattern', () => {
  test('is what the engine reads, and runs quickly', () => {
    expect(isPattern('[a-z]+')).toBe(true)
    expect(isPattern('(')).toBe(false)
    expect(isPattern('(?=a)')).toBe(false)
    expect(isPattern('(?:[a-z]{1,30}){1,30}')).toBe(false)
  })
})

describe('the configuration', () => {
  const nothing = {
    reservedUsernames: [],
    blockedUsernames: [],
    blockedEmails: [],
    blockedNetworks: [],
    disposableEmails: 'off' as const,
  }

  test('makes rules for ever of all that it keeps back', () => {
    const rules = rulesOfConfiguration({
      ...nothing,
      reservedUsernames: ['@admin:example.test', 'root'],
      blockedUsernames: ['x.*'],
      blockedEmails: ['.*@x\\.example'],
      blockedNetworks: ['203.0.113.77/24'],
    })
    const block = { id: null, effect: 'block', expiresAt: null }
    expect(rules).toEqual([
      { ...block, subject: 'network', form: 'exact', value: '203.0.113.0/24' },
      { ...block, subject: 'email', form: 'pattern', value: '.*@x\\.example' },
      { ...block, subject: 'username', form: 'exact', value: 'admin' },
      { ...block, subject: 'username', form: 'exact', value: 'root' },
      { ...block, subject: 'username', form: 'pattern', value: 'x.*' },
    ])
    expect(() => rulesOfConfiguration({ ...nothing, blockedNetworks: ['none'] })).toThrow(
      'registration.blocked_networks: none',
    )
  })

  test.each(['block', 'hold'] as const)('%s of throwaway mail is on domains, marked as such', (effect) => {
    const rules = rulesOfConfiguration({ ...nothing, disposableEmails: effect })
    expect(rules.length).toBeGreaterThan(100)
    const found = createMatcher(rules)({ email: email('a@mailinator.com') }, NOON)
    expect(found).toEqual([
      {
        id: null,
        subject: 'domain',
        form: 'exact',
        value: 'mailinator.com',
        effect,
        expiresAt: null,
        disposable: true,
      },
    ])
    expect(rulesOfConfiguration(nothing)).toEqual([])
  })
})

test('a network matches in whatever spelling it was stored, and other families and sizes do not', () => {
  const six = { clientAddress: '2001:db8::7' }
  const match = (value: string) =>
    createMatcher([rule('block', 'network', value)])(six, NOON).map((found) => found.value)
  expect(match('2001:0DB8:0::/48')).toEqual(['2001:0DB8:0::/48'])
  expect(match('2001:db8:1::/48')).toEqual([])
  expect(match('203.0.113.0/24')).toEqual([])
})

test('a rule of a kind that is not known here matches nothing, and holds nobody up', () => {
  const unknown = rule('block', 'domain', '.*', { form: 'pattern' })
  expect(createMatcher([unknown, onName('hold')])(candidate, NOON)).toEqual([onName('hold')])
})

test('a username that looks like a network is a username', () => {
  const name = username('203.0.113.9/24')
  const found = createMatcher([rule('block', 'username', name)])({ username: name }, NOON)
  expect(found.map(({ value }) => value)).toEqual([name])
})
