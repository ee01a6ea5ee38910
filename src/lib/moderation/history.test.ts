import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { EVENT_KINDS } from '$lib/registration/registration'
import type { Role } from './moderator'
import {
  EVENT_GROUPS,
  filterWishes,
  historyFilterSchema,
  historyQuery,
  kindsOf,
  linkWishes,
  openingFilter,
} from './history'

const query = (wish: Record<string, string>, role: Role = 'administrator') =>
  historyQuery(v.parse(historyFilterSchema, wish), { id: 'm-1', role })

describe('a filter of the audit log', () => {
  test('without a wish is everything', () => {
    const everything = {
      actor: null,
      moderatorId: null,
      kinds: null,
      registrationId: null,
      from: null,
      until: null,
      own: null,
    }
    expect(query({})).toEqual(everything)
    expect(query({ who: '', what: '', registration: '', from: '', to: '' })).toEqual(everything)
  })

  test('names a side, or else a moderator', () => {
    expect(query({ who: 'applicants' })).toMatchObject({ actor: 'applicant', moderatorId: null })
    expect(query({ who: 'people' })).toMatchObject({ actor: 'people', moderatorId: null })
    expect(query({ who: 'm1' })).toMatchObject({ actor: null, moderatorId: 'm1' })
  })

  test('shows of people and their sign-ins what one did oneself, to who is no administrator', () => {
    const own = query({ who: 'ada' }, 'moderator').own
    expect(own?.moderatorId).toBe('m-1')
    expect(own?.kinds).toEqual([...kindsOf('people'), ...kindsOf('sign_ins')])
    expect(own?.kinds).not.toContain('approved')
  })

  test('takes a kind or a group of kinds', () => {
    expect(query({ what: 'approved' }).kinds).toEqual(['approved'])
    expect(query({ what: 'talk' }).kinds).toEqual(['asked', 'answered', 'note_added'])
  })

  test('includes both days, in UTC', () => {
    const { from, until } = query({ from: '2026-02-28', to: '2026-02-28' })
    expect([from, until]).toEqual([Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1)])
  })

  test.each([
    { from: '2026-02-31' },
    { to: '31.12.2026' },
    { from: "2026-01-01' or 1=1" },
    { what: 'everything' },
    { who: 'x'.repeat(101) },
    { registration: 'x'.repeat(1_000_000) },
    { registration: 'river@mail.test' },
  ])('is refused where it says nothing that can be meant: %#', (wish) => {
    expect(v.safeParse(historyFilterSchema, wish).success).toBe(false)
  })

  test('keeps for links only what was wished', () => {
    expect(filterWishes(v.parse(historyFilterSchema, { what: 'talk' }))).toEqual({ what: 'talk' })
  })
})

test('every kind of event stands in one group', () => {
  expect(EVENT_GROUPS.flatMap(kindsOf).sort()).toEqual([...EVENT_KINDS].sort())
})

test('the log opens with what people did, unless somebody asks for something else', () => {
  expect(openingFilter({})).toEqual({ who: 'people' })
  expect(openingFilter({ from: '2026-02-28' })).toEqual({ who: 'people', from: '2026-02-28' })
  for (const asked of [{ who: '' }, { who: 'system' }, { what: 'jobs' }, { registration: 'r-1' }] as const)
    expect(openingFilter(asked)).toEqual(asked)
})

test.each([
  { who: '' },
  { who: '', from: '2026-02-28' },
  {},
  { what: '' },
  { who: 'system' },
  { what: 'jobs' },
] as const)('a link to another page of the log leads to the same entries: %o', (asked) => {
  const filter = openingFilter(asked)
  const followed = openingFilter(v.parse(historyFilterSchema, linkWishes(filter)))
  const viewer = { id: 'm-1', role: 'administrator' } as const
  expect(historyQuery(followed, viewer)).toEqual(historyQuery(filter, viewer))
})
