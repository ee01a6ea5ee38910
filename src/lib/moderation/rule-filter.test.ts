import { expect, test } from 'vitest'
import { readRuleFilter, ruleQuery } from './rule-filter'

const read = (query: string) => readRuleFilter(new URLSearchParams(query))

test('a filter is read from a URL, and what means nothing is left out', () => {
  expect(read('kind=domain&effect=allow&q=+spam+')).toEqual({ kind: 'domain', effect: 'allow', q: 'spam' })
  expect(read('kind=&effect=&q=')).toEqual({})
  expect(read(`kind=planet&effect=__proto__&q=${'x'.repeat(256)}&over`)).toEqual({})
})

test('a filter is a query again, with what else is wished', () => {
  const filter = { kind: 'network', q: '10.0/8 & ?' } as const
  expect(read(ruleQuery(filter))).toEqual(filter)
  expect(ruleQuery({})).toBe('')
  expect(ruleQuery({ effect: 'hold' }, { over: '' })).toBe('over=&effect=hold')
})
