import { describe, expect, test } from 'vitest'
import { kindOf } from '$lib/moderation/rule-kind'
import { ruleKey, type Candidate } from '$lib/moderation/rule'
import { parseEmail } from '$lib/registration/email'
import { DAY } from '$lib/registration/time'
import { username } from '../../../../tests/support/registration'
import { createMatcher } from '../rules/matcher'
import { planRules, readDjangoRules } from './plan-rules'
import type { DjangoRule } from './rows'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const inDays = (days: number) => new Date(NOW + days * DAY).toISOString().replace('T', ' ').slice(0, -1)

const row = (subject: DjangoRule['subject'], value: string, expires: string | null = null): DjangoRule => ({
  subject,
  value,
  reason: null,
  expires,
})
const emailOf = (text: string) => {
  const email = parseEmail(text)
  if (email === null) throw new Error(`${text} is no email address`)
  return email
}

/** Whether what becomes of one rule matches. */
function matches(rule: DjangoRule, candidate: Candidate): boolean {
  const rules = readDjangoRules([rule], NOW).flatMap(({ rule: read }) => (read === null ? [] : [read]))
  return createMatcher(rules.map((one) => ({ ...one, id: null })))(candidate, NOW).length > 0
}
const notesOn = (rule: DjangoRule) => readDjangoRules([rule], NOW).map(({ notes }) => notes.join('; '))

/** What Python's `re.match` says of each text; texts are in small letters, as names are on both sides. */
const IN_PYTHON: [pattern: string, matching: string[], others: string[]][] = [
  ['.*[A-Z].*', [], ['abc', 'a1', '1']],
  ['[A-Z]', [], ['abc', 'z']],
  ['^[A-Z]{5}', [], ['abcdef']],
  ['[^A-Z]+$', ['abc', 'a-1'], []],
  ['[^a-z]', ['1a', '-'], ['abc']],
  ['[.-a]', ['a', '.b', '1'], ['b', 'z']],
  ['[!-Z]', ['1', '.'], ['a', 'z']],
  ['[ -~]+$', ['abc', '1'], []],
  ['[A-Z0-9]{3}', ['123'], ['abc', '12a']],
  ['[A-Za-z]{3}', ['abc', 'abcd'], ['ab', '1bc']],
  ['[Aa]dmin', ['admin', 'administrator'], ['xadmin']],
  ['[A]dmin|root', ['root', 'root1'], ['admin']],
  ['[]A-Z]x', [], ['ax']],
  ['[^]A-Z]x', ['ax', '1x'], ['xa']],
  [String.raw`[\]A]x`, [], ['ax']],
  [String.raw`[\w.]{2}`, ['ab', 'a.'], ['a-']],
  [String.raw`[^\W_]{2}`, ['ab', '1a'], ['a_']],
  [String.raw`[\WA]`, ['-a'], ['a', 'b']],
  [String.raw`[^\WA]`, ['a', 'b'], ['-a']],
  [String.raw`[\DA]`, ['a'], ['1']],
  [String.raw`[\x41-\x5a]`, [], ['abc', 'z']],
  [String.raw`[\101-\132]`, [], ['abc', 'z']],
  [String.raw`[\x41-\x5a\x61-\x7a]`, ['abc', 'z'], ['1']],
  ['[À-ſ]', [], ['s', 'a']],
  ['[\u212a]', [], ['k']],
  ['[^À-ſ]', ['s', 'a'], []],
  ['(?i)[A-Z]{2}', ['ab'], ['1a']],
  ['(?i:[A-Z])1', ['a1'], ['1']],
  ['(?P<Name>abc)', ['abc', 'abcd'], ['ab']],
  [String.raw`\W\D\S`, ['-ab'], ['aaa']],
  ['spam', ['spam', 'spammer'], ['xspam']],
  ['spam$', ['spam'], ['spammer']],
  ['a|b', ['abc', 'bcd'], ['cab']],
]

describe('a pattern', () => {
  test.each(IN_PYTHON)('%s matches what it matched there', (pattern, matching, others) => {
    const rule = row('username', pattern, inDays(30))
    for (const name of matching) expect(matches(rule, { username: username(name) }), name).toBe(true)
    for (const name of others) expect(matches(rule, { username: username(name) }), name).toBe(false)
    if (/\P{ASCII}/u.test(pattern)) return
    for (const [texts, is] of [
      [matching, true],
      [others, false],
    ] as const)
      for (const text of texts.filter((one) => /^[a-z0-9-]+$/.test(one) && !pattern.endsWith('$')))
        expect(matches(row('email', pattern), { email: emailOf(`${text}@mail.test`) }), text).toBe(is)
  })

  test.each(['.*[A-Z].*', '^[A-Z]{5}', '[.-a]', '[^A-Z]'])('%s says that case counts in it', (pattern) => {
    expect(notesOn(row('username', pattern, inDays(30)))).toEqual([
      'it tells capitals from small letters, as there; here all letters are small',
    ])
  })

  test('with capitals of its own blocks more than there, and says so', () => {
    const [read] = readDjangoRules([row('username', '.*Admin.*', inDays(30))], NOW)
    expect(read).toMatchObject({ isWider: true, notes: ['case is ignored here'] })
    for (const pattern of ['(?P<Name>abc)', '[A-Za-z]x', String.raw`\Wx\D`])
      expect(readDjangoRules([row('username', pattern, inDays(30))], NOW), pattern).toMatchObject([
        { isWider: false, notes: [] },
      ])
  })

  test.each([
    ['[[:upper:]]+', 'Python reads [:…:] in another way'],
    ['[a[:^digit:]]', 'Python reads [:…:] in another way'],
    [String.raw`\p{Lu}`, String.raw`\p does not exist in Python: it never worked there`],
    [String.raw`[\pL]`, String.raw`\p does not exist in Python: it never worked there`],
    ['a{,3}b', '{,n} is no repetition here; write {0,n}'],
    ['a{,}', '{,n} is no repetition here; write {0,n}'],
  ])('%s, which RE2 reads otherwise, is left out', (pattern, why) => {
    expect(readDjangoRules([row('username', pattern)], NOW)).toMatchObject([{ rule: null, notes: [why] }])
  })
})

describe('an email rule on a domain', () => {
  test.each([
    [String.raw`.*@müller\.example`, 'xn--mller-kva.example'],
    ['@münchen.example', 'xn--mnchen-3ya.example'],
    ['.+@пример.рф', 'xn--e1afmkfd.xn--p1ai'],
    [String.raw`[^@]+@sub\.例え\.example$`, 'sub.xn--r8jz45g.example'],
    ['.*@MÜLLER.Example', 'xn--mller-kva.example'],
    ['.*@mu\u0308ller.example', 'xn--mller-kva.example'],
  ])('%s is one on %s', (pattern, domain) => {
    const [read] = readDjangoRules([row('email', pattern)], NOW)
    expect(read?.rule).toMatchObject({ subject: 'domain', value: domain })
    expect(matches(row('email', pattern), { email: emailOf(`anna@${domain}`) })).toBe(true)
  })

  test.each(['.*@(späm|other)\\.example', '.*@.*ö.*', '.*[äöü]', 'jürgen'])(
    '%s is left out: no address has such letters here',
    (pattern) => {
      expect(readDjangoRules([row('email', pattern)], NOW)).toMatchObject([
        {
          rule: null,
          notes: ['email addresses have only ASCII letters here; write the domain as xn--…'],
        },
      ])
    },
  )
})

describe('the start of an address', () => {
  test.each(['john.doe', 'test.user', 'burner.example', String.raw`john\.doe`, 'a.b-c'])(
    '%s, which may be a domain, is taken as both',
    (value) => {
      const plain = value.replaceAll('\\', '')
      const read = readDjangoRules([row('email', value)], NOW)
      expect(read.map(({ rule, isWider }) => [rule && kindOf(rule), rule?.value, isWider])).toEqual([
        ['domain', plain, true],
        ['address_pattern', `(?:${value}).*`, false],
      ])
      for (const email of [`${plain}@mail.test`, `${plain}1@mail.test`, `anna@${plain}`])
        expect(matches(row('email', value), { email: emailOf(email) }), email).toBe(true)
      expect(matches(row('email', value), { email: emailOf(`x${plain}@mail.test`) })).toBe(false)
    },
  )

  test('is not what follows an @, or ends', () => {
    for (const value of ['@spam.example', '.*@spam.example', 'spam.example$', 'späm.example'])
      expect(readDjangoRules([row('email', value)], NOW), value).toHaveLength(1)
    expect(readDjangoRules([row('email', '^john.doe')], NOW)).toMatchObject([{ rule: { form: 'pattern' } }])
  })

  test('leaves the room for patterns to others', () => {
    const read = readDjangoRules([row('email', 'a.example'), row('email', 'spam-')], NOW)
    const planned = planRules(read, { there: new Map(), ended: new Set(), patterns: 1 })
    expect(planned.map(({ outcome, rule }) => [outcome, rule?.value])).toEqual([
      ['taken', 'a.example'],
      ['taken', '(?:spam-).*'],
      ['left_out', '(?:a.example).*'],
    ])
  })
})

describe('of rules that are the same', () => {
  const plan = (
    ends: (string | null)[],
    there: number | null | undefined = undefined,
    ended: string[] = [],
  ) => {
    const read = readDjangoRules(
      ends.map((end) => row('email', '.*@spam.example', end)),
      NOW,
    )
    const key = read[0]?.rule ? ruleKey(read[0].rule) : ''
    return planRules(read, {
      there: new Map(there === undefined ? [] : [[key, there]]),
      ended: new Set(ended.length > 0 ? [key] : []),
      patterns: 10,
    }).map(({ outcome, notes }) => [outcome, notes.at(-1)])
  }
  const TAKEN = ['taken', 'with its subdomains']
  const OUT = ['left_out', 'another rule of the file is the same, and lasts at least as long']

  test.each([
    [
      [inDays(1), null],
      [OUT, TAKEN],
    ],
    [
      [null, inDays(1)],
      [TAKEN, OUT],
    ],
    [
      [inDays(1), inDays(3), inDays(2)],
      [OUT, TAKEN, OUT],
    ],
    [
      [null, null],
      [TAKEN, OUT],
    ],
  ])('the one that lasts longest is kept: %j', (ends, told) => {
    expect(plan(ends)).toEqual(told)
  })

  test('one that is here counts as long as it lasts', () => {
    const known = [['known', undefined]]
    const longer = [['taken', 'the rule here ends sooner, and is prolonged']]
    expect(plan([inDays(5)], null)).toEqual(known)
    expect(plan([null], null)).toEqual(known)
    expect(plan([inDays(5)], NOW + 5 * DAY)).toEqual(known)
    expect(plan([inDays(5)], NOW + 5 * DAY - 60_000)).toEqual(known)
    expect(plan([inDays(5)], NOW + 4 * DAY)).toEqual(longer)
    expect(plan([null], NOW + 4 * DAY)).toEqual(longer)
    expect(plan([null], NOW + 4 * DAY, ['ended'])).toEqual([['known', 'it was ended here']])
  })
})
