import { describe, expect, test } from 'vitest'
import { foundIn, foundInList, isMostlyDenied } from './found'
import type { FactsView } from './views'

const tally = (approved = 0, denied = 0, waiting = 0) => ({
  name: 'example.org',
  waiting: { count: waiting, more: false },
  approved,
  denied,
  newest: null,
})
const others = (count = 0) => ({ key: 'k', count, more: false, some: [] })
const QUIET: FactsView = {
  email: 'river@example.org',
  language: 'en',
  reasonLanguage: null,
  domain: tally(),
  network: tally(),
  names: others(),
  mailbox: others(),
  reasons: others(),
  bound: { known: true, owner: null },
  invitation: null,
  heldBy: null,
  heldFor: [],
  memory: null,
  steps: { begun: 0, confirmed: null, asked: null, decided: null },
}

test.each([
  [0, 0, false],
  [0, 2, false],
  [1, 2, true],
  [2, 2, false],
  [0, 3, true],
  [3, 3, false],
  [3, 4, true],
])('with %i approved and %i denied, mostly denied is %s', (approved, denied, is) => {
  expect(isMostlyDenied({ approved, denied })).toBe(is)
})

describe('what speaks against a request', () => {
  test('is nothing where nothing was found', () => {
    expect(foundIn(QUIET, 'I repair radios')).toEqual([])
  })

  test('has what flags it first, and then what it shares', () => {
    const memory = { count: 2, mailbox: 2, network: 0, name: 0, categories: [] }
    const heldBy = { subject: 'email', form: 'exact', value: 'x', reason: null } as const
    const facts: FactsView = {
      ...QUIET,
      heldBy,
      heldFor: ['trap'],
      memory,
      names: others(1),
      mailbox: others(1),
      reasons: others(4),
      network: tally(0, 0, 2),
    }
    expect(foundIn(facts, 'раypal')).toEqual([
      { what: 'rule' },
      { what: 'flag', why: 'trap' },
      { what: 'denied', count: 2 },
      { what: 'words' },
      { what: 'inbox' },
      { what: 'name' },
      { what: 'network' },
      { what: 'mixed' },
    ])
  })

  test('is a network of several only until most of it was denied, and one other is no crowd', () => {
    expect(foundIn({ ...QUIET, network: tally(0, 3, 2) }, null)).toEqual([{ what: 'network_denied' }])
    expect(foundIn({ ...QUIET, network: tally(0, 0, 1) }, null)).toEqual([])
  })

  test('is in a list what is known there', () => {
    expect(foundInList({ held: true, heldFor: ['too_fast'], denied: 2, shared: ['name'] })).toEqual([
      { what: 'rule' },
      { what: 'flag', why: 'too_fast' },
      { what: 'denied', count: 2 },
      { what: 'name' },
    ])
  })
})
