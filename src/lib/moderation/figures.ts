import { DAY } from '../registration/time'

/** How often something happened on a day (UTC, `2026-01-31`). */
export interface DayCount {
  day: string
  what: string
  count: number
}

/** How many days statistics can go back. */
export const FIGURE_DAYS = [7, 30, 90, 365] as const
export type FigureDays = (typeof FIGURE_DAYS)[number]

/** The registration steps, and the event that shows each was reached. */
const FUNNEL = [
  ['looked', 'view:name'],
  ['named', 'view:email'],
  ['started', 'event:started'],
  ['verified', 'event:verified'],
  ['requested', 'event:requested'],
  ['approved', 'decided:approved'],
  ['opened', 'event:account_opened'],
] as const
export type FunnelStep = (typeof FUNNEL)[number][0]

/** In minutes: the lower bounds of the bars for waiting times. */
const WAIT_BARS = [0, 60, 4 * 60, 12 * 60, 24 * 60, 2 * 24 * 60, 4 * 24 * 60, 7 * 24 * 60]

/** How long requests waited for a decision, in minutes; null if none was decided. */
export interface Waits {
  decisions: number
  median: number | null
  p90: number | null
}

export interface Figures {
  from: string
  to: string
  /** One bar per day, or per week (by its first day) if there are too many days. */
  unit: 'day' | 'week'
  bars: { day: string; requested: number; approved: number; denied: number }[]
  weeks: ({ day: string } & Waits)[]
  waits: Waits & {
    /** `from` inclusive, `until` exclusive; in minutes. */
    bars: { from: number; until: number | null; count: number }[]
  }
  funnel: { step: FunnelStep; count: number }[]
  /** The states of registrations when they expired, or that applicants withdrew them. */
  ends: { end: string; count: number }[]
  refusals: { step: string; code: string; count: number }[]
  categories: { category: string; count: number }[]
  moderators: { id: string; count: number }[]
  undone: number
}

/**
 * How many of the step before got to this one: a share from 0 to 1. Null if there is none to tell, as before nothing, or
 * where people who started before the period make the step larger than the one before it.
 */
export const shareOfBefore = (count: number, before: number): number | null =>
  before === 0 || count > before ? null : count / before

const shift = (day: string, days: number) => new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10)

/** The days of a period that ends now: first and last, both included. */
export function period(days: FigureDays, now: number): { from: string; to: string } {
  const to = new Date(now).toISOString().slice(0, 10)
  return { from: shift(to, 1 - days), to }
}

/**
 * The smallest value that at least this share of all values does not exceed (nearest rank); null if there are none.
 * `values`: the count of each value.
 */
export function percentile(values: Map<number, number>, share: number): number | null {
  const sorted = [...values].filter(([, count]) => count > 0).sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  let seen = 0
  for (const [value, count] of sorted) {
    seen += count
    if (seen >= share * total) return value
  }
  return null
}

/** Everything that the statistics page shows, from the counters of the period. */
export function figuresOf(counted: DayCount[], { from, to }: { from: string; to: string }): Figures {
  const rows = counted.filter(({ day }) => day >= from && day <= to)
  const days = daysBetween(from, to)
  const unit = days.length > 31 ? 'week' : 'day'
  const sums = new Map<string, number>()
  for (const { what, count } of rows) sums.set(what, (sums.get(what) ?? 0) + count)
  const sum = (what: string) => Math.max(0, sums.get(what) ?? 0)
  const named = (prefix: string) =>
    [...sums]
      .filter(([what, count]) => what.startsWith(prefix) && count > 0)
      .map(([what, count]) => ({ name: what.slice(prefix.length), count }))
      .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name))
  const waits = waitsOf(rows)

  return {
    from,
    to,
    unit,
    bars: barsOf(rows, days, unit),
    weeks: weeksOf(rows, days),
    waits: {
      ...summary(waits),
      bars: WAIT_BARS.map((start, index) => {
        const until = WAIT_BARS[index + 1] ?? null
        const inside = [...waits].filter(
          ([minutes]) => minutes >= start && (until === null || minutes < until),
        )
        return { from: start, until, count: inside.reduce((total, [, count]) => total + count, 0) }
      }),
    },
    funnel: FUNNEL.map(([step, what]) => ({ step, count: sum(what) })),
    ends: [
      ...named('gone:').filter(({ name }) => ['started', 'verified', 'approved'].includes(name)),
      ...(sum('event:withdrawn') > 0 ? [{ name: 'withdrawn', count: sum('event:withdrawn') }] : []),
    ].map(({ name, count }) => ({ end: name, count })),
    refusals: named('refused:').map(({ name, count }) => {
      const [step = '', code = ''] = name.split(':')
      return { step, code, count }
    }),
    categories: named('category:').map(({ name, count }) => ({ category: name, count })),
    moderators: named('by:')
      .map(({ name, count }) => ({ id: name, count }))
      .sort((a, b) => a.id.localeCompare(b.id)),
    undone: sum('event:undone'),
  }
}

function daysBetween(from: string, to: string): string[] {
  const days: string[] = []
  for (let day = from; day <= to; day = shift(day, 1)) days.push(day)
  return days
}

/** The Monday on or before a day. */
function weekOf(day: string): string {
  const weekday = (new Date(day).getUTCDay() + 6) % 7
  return shift(day, -weekday)
}

function barsOf(rows: DayCount[], days: string[], unit: 'day' | 'week'): Figures['bars'] {
  const place = unit === 'day' ? (day: string) => day : weekOf
  const bars = new Map(
    days.map((day) => [place(day), { day: place(day), requested: 0, approved: 0, denied: 0 }]),
  )
  const fields = {
    'event:requested': 'requested',
    'decided:approved': 'approved',
    'decided:denied': 'denied',
  } as const
  for (const { day, what, count } of rows) {
    const field = Object.entries(fields).find(([name]) => name === what)?.[1]
    const bar = bars.get(place(day))
    if (field !== undefined && bar !== undefined) bar[field] += count
  }
  return [...bars.values()]
}

function weeksOf(rows: DayCount[], days: string[]): Figures['weeks'] {
  const weeks = new Map<string, DayCount[]>(days.map((day) => [weekOf(day), []]))
  for (const row of rows) weeks.get(weekOf(row.day))?.push(row)
  return [...weeks].map(([day, its]) => ({ day, ...summary(waitsOf(its)) }))
}

/** How often it took this many minutes. */
function waitsOf(rows: DayCount[]): Map<number, number> {
  const waits = new Map<number, number>()
  for (const { what, count } of rows) {
    if (!what.startsWith('wait:')) continue
    const minutes = Number(what.slice('wait:'.length))
    waits.set(minutes, (waits.get(minutes) ?? 0) + count)
  }
  return waits
}

const summary = (waits: Map<number, number>): Waits => ({
  decisions: [...waits.values()].reduce((total, count) => total + count, 0),
  median: percentile(waits, 0.5),
  p90: percentile(waits, 0.9),
})
