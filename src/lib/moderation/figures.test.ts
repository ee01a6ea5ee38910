import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { figuresOf, percentile, period, shareOfBefore, type DayCount } from './figures'

describe('a percentile', () => {
  test('of nothing is none', () => {
    expect(percentile(new Map(), 0.5)).toBeNull()
    expect(percentile(new Map([[3, 0]]), 0.5)).toBeNull()
  })

  test('is the value at its rank, as in a sorted list', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { minLength: 1 }),
        fc.constantFrom(0.1, 0.5, 0.9, 1),
        (values, share) => {
          const counts = new Map<number, number>()
          for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
          const sorted = [...values].sort((a, b) => a - b)
          expect(percentile(counts, share)).toBe(sorted[Math.ceil(share * values.length) - 1])
        },
      ),
    )
  })
})

test('a period ends today and has as many days as it says', () => {
  expect(period(7, Date.UTC(2026, 2, 3, 23, 59))).toEqual({ from: '2026-02-25', to: '2026-03-03' })
})

describe('the figures', () => {
  const week = { from: '2026-02-25', to: '2026-03-03' }
  const on = (day: string, what: string, count = 1): DayCount => ({ day, what, count })

  test('of a period in which nothing was: every day is there, and no value is invented', () => {
    const figures = figuresOf([], week)
    expect(figures.bars).toHaveLength(7)
    expect(figures.bars.every(({ requested, approved, denied }) => requested + approved + denied === 0)).toBe(
      true,
    )
    expect(figures.waits).toMatchObject({ decisions: 0, median: null, p90: null })
    expect(figures.funnel.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect([figures.ends, figures.refusals, figures.categories, figures.moderators]).toEqual([[], [], [], []])
  })

  test('leave out what was before and after', () => {
    const figures = figuresOf([on('2026-02-24', 'event:started'), on('2026-03-04', 'event:started')], week)
    expect(figures.funnel.find(({ step }) => step === 'started')?.count).toBe(0)
  })

  test('follow people step by step, and say where time ran out', () => {
    const { funnel, ends } = figuresOf(
      [
        on('2026-02-26', 'view:name', 90),
        on('2026-02-26', 'view:email', 60),
        on('2026-02-26', 'event:started', 20),
        on('2026-02-27', 'event:started', 20),
        on('2026-02-27', 'event:verified', 30),
        on('2026-02-27', 'event:requested', 25),
        on('2026-02-28', 'decided:approved', 20),
        on('2026-02-28', 'event:account_opened', 19),
        on('2026-03-01', 'gone:started', 10),
        on('2026-03-01', 'gone:completed', 50),
        on('2026-03-01', 'event:withdrawn', 2),
      ],
      week,
    )
    expect(funnel.map(({ step, count }) => [step, count])).toEqual([
      ['looked', 90],
      ['named', 60],
      ['started', 40],
      ['verified', 30],
      ['requested', 25],
      ['approved', 20],
      ['opened', 19],
    ])
    expect(ends).toEqual([
      { end: 'started', count: 10 },
      { end: 'withdrawn', count: 2 },
    ])
  })

  test('say how long people waited, in all and week by week', () => {
    const { waits, weeks } = figuresOf(
      [on('2026-02-25', 'wait:10', 5), on('2026-02-26', 'wait:100', 4), on('2026-03-02', 'wait:11000')],
      week,
    )
    expect(waits).toMatchObject({ decisions: 10, median: 10, p90: 100 })
    expect(waits.bars.map(({ count }) => count)).toEqual([5, 4, 0, 0, 0, 0, 0, 1])
    expect(weeks).toEqual([
      { day: '2026-02-23', decisions: 9, median: 10, p90: 100 },
      { day: '2026-03-02', decisions: 1, median: 11000, p90: 11000 },
    ])
  })

  test('draw weeks where days would be too many, and lose none', () => {
    const quarter = period(90, Date.UTC(2026, 2, 3))
    const { unit, bars } = figuresOf(
      [on(quarter.from, 'event:requested', 3), on(quarter.to, 'event:requested', 4)],
      quarter,
    )
    expect(unit).toBe('week')
    expect(bars.length).toBeLessThanOrEqual(14)
    expect(bars.reduce((total, { requested }) => total + requested, 0)).toBe(7)
  })

  test('sort refusals and categories by how many they are, and people by name', () => {
    const { refusals, categories, moderators } = figuresOf(
      [
        on('2026-02-26', 'refused:name:username_taken', 2),
        on('2026-02-26', 'refused:account:password_too_short', 7),
        on('2026-02-26', 'category:spam', 3),
        on('2026-02-27', 'category:', 4),
        on('2026-02-27', 'by:b', 4),
        on('2026-02-27', 'by:a', 1),
      ],
      week,
    )
    expect(refusals.map(({ step, code, count }) => `${step} ${code} ${count}`)).toEqual([
      'account password_too_short 7',
      'name username_taken 2',
    ])
    expect(categories.map(({ category }) => category)).toEqual(['', 'spam'])
    expect(moderators.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

test.each([
  [3, 4, 0.75],
  [4, 4, 1],
  [0, 4, 0],
  [5, 4, null],
  [4, 0, null],
  [0, 0, null],
])('of %i after %i the share is %j', (count, before, share) => {
  expect(shareOfBefore(count, before)).toBe(share)
})
