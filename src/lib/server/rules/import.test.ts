import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvHead, csvLine } from '$lib/moderation/csv'
import { readRuleReason, RULE_EFFECTS, RULE_REASON_MAXIMUM } from '$lib/moderation/rule'
import { KINDS, RULE_KINDS } from '$lib/moderation/rule-kind'
import {
  LIST_MAXIMUM,
  PATTERNS_MAXIMUM,
  readExpires,
  RULE_COLUMNS,
  ruleCells,
} from '$lib/moderation/rule-list'
import { readRule } from './store'
import { printOf, readRuleList, type TypedList } from './import'
import { DAY } from '$lib/registration/time'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const blank = { format: 'lines', kind: 'domain', effect: 'block', days: null, reason: '' } as const

async function read(text: string, more: Partial<TypedList> = {}) {
  const list = await readRuleList({ ...blank, text, ...more }, NOW)
  if (!list.ok) throw new Error(list.refusal.code)
  return list.value
}
const table = (text: string, more: Partial<TypedList> = {}) => read(text, { format: 'csv', ...more })
const refused = async (text: string, more: Partial<TypedList> = {}) => {
  const list = await readRuleList({ ...blank, text, ...more }, NOW)
  return list.ok ? null : list.refusal
}

describe('a list of lines', () => {
  test('has a value in each; empty ones and comments are skipped, and what is said again counts once', async () => {
    const list = await read(
      '\uFEFFspam.example\r\n\r\n# a note\r  *.Other.Example.  \nSPAM.example\n@spam.example',
    )
    expect(list.rules.map(({ line, value }) => [line, value])).toEqual([
      [1, 'spam.example'],
      [4, 'other.example'],
    ])
    expect(list).toMatchObject({ repeated: 2, skipped: 1, unread: [] })
  })

  test('has of the form what the form says', async () => {
    const choice = { kind: 'name_look', effect: 'hold', days: 7, reason: ' a\r\nb ' } as const
    expect((await read('Moderator', choice)).rules).toEqual([
      expect.objectContaining({
        subject: 'username',
        form: 'look',
        effect: 'hold',
        reason: 'a\nb',
        expiresAt: NOW + 7 * DAY,
      }),
    ])
  })

  test('tells which lines cannot be read, cut short, and reads the others', async () => {
    const { rules, unread } = await read(`a b\nspam.example\n${'x'.repeat(99)}𝒳𝒳 y\n203.0.113.7`)
    expect(rules.map(({ value }) => value)).toEqual(['spam.example'])
    expect(unread.map(({ line, refusal }) => [line, refusal.code])).toEqual([
      [1, 'rule_value_invalid'],
      [3, 'rule_value_invalid'],
      [4, 'rule_value_invalid'],
    ])
    expect(unread[1]?.value).toBe(`${'x'.repeat(99)}𝒳`)
    const patterns = await read('seo.*\n(a\n(?=a)b\n(a?){1000}a{1000}', { kind: 'name_pattern' })
    expect([patterns.rules.length, patterns.unread.map(({ line }) => line)]).toEqual([1, [2, 3, 4]])
  })

  test('holds nobody up while it is read, however slowly that goes', async () => {
    let turns = 0
    let done = false
    const beat = () => {
      turns++
      if (!done) setImmediate(beat)
    }
    setImmediate(beat)
    // Of the patterns that are refused, those that take the longest.
    const slow = Array.from({ length: 20 }, (_, index) => `a${index}${'x{1000}'.repeat(30)}`).join('\n')
    const { unread } = await read(slow, { kind: 'name_pattern' })
    done = true
    expect(unread).toHaveLength(20)
    expect(turns).toBeGreaterThan(3)
  })

  test('is refused where there is nothing in it, or too much', async () => {
    for (const text of ['', ' \r\n\t\n', '# only\n# notes'])
      expect(await refused(text), text).toEqual({ code: 'list_empty' })
    const lines = (count: number, line: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => line(index)).join('\n')
    expect((await read(lines(LIST_MAXIMUM, (index) => `s${index}.example`))).rules).toHaveLength(LIST_MAXIMUM)
    expect(await refused(lines(LIST_MAXIMUM + 1, () => 'spam.example'))).toEqual({
      code: 'list_too_long',
      maximum: LIST_MAXIMUM,
      length: LIST_MAXIMUM + 1,
    })
    const patterns = lines(PATTERNS_MAXIMUM + 1, (index) => `seo${index}.*`)
    expect(await refused(patterns, { kind: 'name_pattern' })).toMatchObject({ code: 'list_patterns' })
    expect(
      await refused(`value,kind\n${lines(PATTERNS_MAXIMUM + 1, (index) => `s${index},name_pattern`)}`, {
        format: 'csv',
      }),
    ).toMatchObject({ code: 'list_patterns' })
    expect(await refused('spam.example', { reason: 'x'.repeat(RULE_REASON_MAXIMUM + 1) })).toMatchObject({
      code: 'rule_reason_too_long',
    })
  })
})

describe('a table', () => {
  test('says for itself what it has a column for, and of the form the rest', async () => {
    const choice = { effect: 'hold', days: 1, reason: 'of the form' } as const
    const { rules } = await table(
      'Value , KIND,effect,made\nspam.example,,Block,\n10.0.0.0/8,network,,yesterday\n',
      choice,
    )
    expect(
      rules.map(({ subject, effect, reason, expiresAt }) => [subject, effect, reason, expiresAt]),
    ).toEqual([
      ['domain', 'block', 'of the form', NOW + DAY],
      ['network', 'hold', 'of the form', NOW + DAY],
    ])
  })

  test('has no reason and no end where their cells are empty', async () => {
    const { rules } = await table(
      'value,reason,expires\na.example,,\nb.example, spam ,2027-01-01\nc.example',
      {
        days: 1,
        reason: 'of the form',
      },
    )
    expect(rules.map(({ reason, expiresAt }) => [reason, expiresAt])).toEqual([
      [null, null],
      ['spam', Date.parse('2027-01-01')],
      [null, null],
    ])
  })

  test.each([
    ['value,reason\na.example,"a, ""b""\r\nc"\nb.example,d', ','],
    ['value;reason\r\na.example;"a, ""b""\r\nc"\r\nb.example;d\r\n', ';'],
    ['\n\uFEFFvalue\treason\na.example\t"a, ""b""\nc"\nb.example\td', 'tab'],
  ])('is read with quotes, line breaks in cells and the separators of spreadsheets: %#', async (text) => {
    const { rules } = await table(text)
    expect(rules.map(({ value, reason }) => [value, reason])).toEqual([
      ['a.example', 'a, "b"\nc'],
      ['b.example', 'd'],
    ])
    expect((rules[1]?.line ?? 0) - (rules[0]?.line ?? 0)).toBe(2)
  })

  test('tells of each line that cannot be read why, by the line where it begins', async () => {
    const { rules, unread } = await table(
      [
        'value,kind,effect,expires,reason',
        '',
        'good.example,domain,block,,"two',
        'lines"',
        'a.example,planet',
        'b.example,,destroy',
        'c.example,,,2026-11-20',
        'd.example,,,2027-02-31',
        'e.example,,,soon',
        'f.example,,,,a,b',
        `g.example,,,,${'x'.repeat(501)}`,
        ',domain,block',
        ',,,,',
        '(a,address_pattern',
      ].join('\n'),
    )
    expect(rules.map(({ line }) => line)).toEqual([3])
    expect(unread.map(({ line, value, refusal }) => [line, value, refusal.code])).toEqual([
      [5, 'a.example', 'rule_kind_unknown'],
      [6, 'b.example', 'rule_effect_unknown'],
      [7, 'c.example', 'rule_expires_wrong'],
      [8, 'd.example', 'rule_expires_wrong'],
      [9, 'e.example', 'rule_expires_wrong'],
      [10, 'f.example', 'list_cells'],
      [11, 'g.example', 'rule_reason_too_long'],
      [12, '', 'rule_value_invalid'],
      [14, '(a', 'rule_value_invalid'],
    ])
  })

  test('is refused as a whole where it is none', async () => {
    const csv = { format: 'csv' } as const
    expect(await refused('spam.example\nother.example', csv)).toEqual({ code: 'list_column_missing' })
    expect(await refused('value,kind\n', csv)).toEqual({ code: 'list_empty' })
    expect(await refused('\n,,\n', csv)).toEqual({ code: 'list_empty' })
    expect(await refused('value\na.example\n"b.example\nc.example', csv)).toEqual({
      code: 'list_quotes',
      line: 3,
    })
    expect(await refused('value\na.example\nb"c', csv)).toEqual({ code: 'list_quotes', line: 3 })
    expect(await refused('value\n"a"b\n', csv)).toEqual({ code: 'list_quotes', line: 2 })
  })

  test('reaches no prototype by the names of its columns', async () => {
    const { rules } = await table('__proto__,value,constructor\nx,spam.example,y')
    expect(rules).toHaveLength(1)
    expect(Object.keys(rules[0] ?? {}).sort()).toEqual(
      ['effect', 'expiresAt', 'form', 'line', 'reason', 'subject', 'value'].sort(),
    )
  })
})

test('a moment is a day or a time that is still to come, as the calendar has it', () => {
  const at = (text: string) => {
    const read = readExpires(text, NOW)
    return read.ok ? read.value : read.refusal.code
  }
  expect(at('')).toBeNull()
  expect(at(' 2026-11-21 ')).toBe(Date.parse('2026-11-21'))
  expect(at('2026-11-20T12:00:00.001Z')).toBe(NOW + 1)
  expect(at('2026-11-20T14:00+01:00')).toBe(NOW + 60 * 60 * 1000)
  for (const text of ['2026-11-20T12:00Z', '2026-11-31', '2027-1-1', '2027-01-01T25:00Z', '2027', 'x', '1e9'])
    expect(at(text), text).toBe('rule_expires_wrong')
})

test('whatever rules there are, their export read again is the same rules', async () => {
  const typed = fc.string({ unit: 'grapheme', maxLength: 40 })
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
  const local = fc.stringMatching(/^[-a-z0-9!#$%&'*/=?^_`{|}~]{1,12}$/)
  const anyRule = fc
    .record({
      kind: fc.constantFrom(...KINDS),
      value: fc.oneof(
        label,
        label.map((name) => `${name}.example`),
        local.map((name) => `${name}@mail.test`),
        fc.ipV4().map((address) => `${address}/24`),
        fc.ipV6(),
        typed,
        fc.constantFrom("'=1", '-a', '=1+1', "''@x", '#note', '\\Q"\\E', 'a,b;c'),
      ),
      effect: fc.constantFrom(...RULE_EFFECTS),
      reason: fc.option(fc.oneof(typed, fc.constantFrom("'-x", '=1', 'a\nb, "c"', "'"))),
      expiresAt: fc.option(fc.integer({ min: NOW + 1, max: NOW + 1000 * DAY })),
    })
    .map(({ kind, value, effect, reason, expiresAt }) => {
      const rule = readRule({ ...RULE_KINDS[kind], value, effect })
      // As a form sends it, and the API keeps it.
      const kept = readRuleReason(reason ?? '')
      return rule.ok && kept.ok ? [{ ...rule.value, reason: kept.value, expiresAt }] : []
    })
  let seen = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyRule, { minLength: 1, maxLength: 12 }), async (found) => {
      const rules = found.flat()
      const keys = new Set<string>()
      const each = rules.filter(({ subject, form, effect, value }) => {
        const key = JSON.stringify([subject, form, effect, value])
        return !keys.has(key) && keys.add(key)
      })
      if (each.length === 0) return
      seen += each.length
      const rest = { author: 'ada', madeAt: NOW, hits: 3, lastHitAt: NOW }
      const text =
        csvHead(RULE_COLUMNS) + each.map((rule) => csvLine(ruleCells({ ...rule, ...rest }))).join('')
      const list = await table(text, { kind: 'name', effect: 'allow', days: 1, reason: 'of the form' })
      expect(list.unread).toEqual([])
      expect(list.rules.map(({ line: _, ...rule }) => rule)).toEqual(each)
    }),
    { numRuns: 300 },
  )
  expect(seen).toBeGreaterThan(500)
})

test('the print is that of just this list and its choices, however a browser ends its lines', () => {
  const print = (change: Partial<TypedList>) => printOf({ ...blank, text: 'a\nb', ...change })
  expect(print({ text: '\r\na\r\nb\r\n' })).toBe(print({}))
  const others = [
    { text: 'a\nc' },
    { format: 'csv' },
    { kind: 'name' },
    { effect: 'allow' },
    { days: 1 },
    { reason: 'x' },
  ] as const
  for (const change of others) expect(print(change), JSON.stringify(change)).not.toBe(print({}))
})
