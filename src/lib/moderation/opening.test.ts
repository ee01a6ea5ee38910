import { describe, expect, test } from 'vitest'
import {
  messageFor,
  NOTHING_SAID,
  openingOf,
  readClosing,
  readUntil,
  settle,
  type OpeningCounts,
  type OpeningRecord,
} from './opening'
import { DAY } from '../registration/time'

const NOON = Date.UTC(2026, 10, 24, 12)
const MIDNIGHT = Date.UTC(2026, 10, 25)
const LIMITS = { waiting: 10, perDay: 4 }
const NO_LIMITS = { waiting: null, perDay: null }

const closed = (until: number | null, message = {}): OpeningRecord => ({
  hand: { says: 'closed', message, until, by: 'm1', at: NOON },
  shut: null,
})
const although = (until: number | null, why: 'waiting' | 'per_day' = 'waiting'): OpeningRecord => ({
  hand: { says: 'open', until, by: 'm1', at: NOON },
  shut: { why, since: NOON },
})
const counts = (waiting: number, today = 0): OpeningCounts => ({ waiting, today })

/** What comes of a row of counts, one after the other: whether it is open after each, and what was told. */
function through(row: OpeningCounts[], start = NOTHING_SAID) {
  let record = start
  return row.map((one) => {
    const settled = settle(record, one, LIMITS, NOON)
    record = settled.record
    return [openingOf(record, NOON).open, settled.change]
  })
}

describe('the waiting', () => {
  test('close it with the last there is room for, and open it with the half', () => {
    const rows = through([9, 10, 11, 9, 6, 5, 9, 10].map((waiting) => counts(waiting)))
    expect(rows).toEqual([
      [true, null],
      [false, { open: false, why: 'waiting' }],
      [false, null],
      [false, null],
      [false, null],
      [true, { open: true, why: 'worked_off' }],
      [true, null],
      [false, { open: false, why: 'waiting' }],
    ])
  })

  test('of a limit of one are worked off when none is left', () => {
    const limits = { waiting: 1, perDay: null }
    const shut = settle(NOTHING_SAID, counts(1), limits, NOON).record
    expect(openingOf(shut, NOON).open).toBe(false)
    expect(settle(shut, counts(0), limits, NOON).change).toEqual({ open: true, why: 'worked_off' })
  })

  test('have no end that is known before', () => {
    const { record } = settle(NOTHING_SAID, counts(10), LIMITS, NOON)
    expect(openingOf(record, NOON)).toEqual({ open: false, why: 'waiting', message: {}, until: null })
  })
})

describe('a day', () => {
  test('closes it with the last that it may bring, until it ends', () => {
    const { record, change } = settle(NOTHING_SAID, counts(4, 4), LIMITS, NOON)
    expect(change).toEqual({ open: false, why: 'per_day' })
    expect(openingOf(record, NOON)).toEqual({ open: false, why: 'per_day', message: {}, until: MIDNIGHT })
    expect(settle(record, counts(0, 4), LIMITS, NOON).change).toBeNull()
    expect(settle(record, counts(4, 0), LIMITS, MIDNIGHT).change).toEqual({ open: true, why: 'new_day' })
  })

  test('that brings too many who wait changes the reason, and is told once', () => {
    const rows = through([counts(4, 4), counts(10, 10), counts(5, 10), counts(5, 0)])
    expect(rows.map(([, change]) => change)).toEqual([
      { open: false, why: 'per_day' },
      null,
      null,
      { open: true, why: 'new_day' },
    ])
  })
})

test('without limits nothing closes it', () => {
  const { record, change } = settle(NOTHING_SAID, counts(100_000, 100_000), NO_LIMITS, NOON)
  expect(openingOf(record, NOON)).toEqual({ open: true })
  expect(change).toBeNull()
})

test('a limit that was taken away opens it', () => {
  const { record } = settle(NOTHING_SAID, counts(10), LIMITS, NOON)
  expect(settle(record, counts(10), NO_LIMITS, NOON).change).toEqual({ open: true, why: 'worked_off' })
})

describe('closed by hand', () => {
  test('it stays so, whatever the counts are, until the day', () => {
    const record = closed(MIDNIGHT, { en: 'We are away.' })
    expect(openingOf(record, NOON)).toEqual({
      open: false,
      why: 'by_hand',
      message: { en: 'We are away.' },
      until: MIDNIGHT,
    })
    expect(settle(record, counts(0), LIMITS, MIDNIGHT - 1).change).toBeNull()
    const opened = settle(record, counts(0), LIMITS, MIDNIGHT)
    expect(opened.change).toEqual({ open: true, why: 'date' })
    expect(openingOf(opened.record, MIDNIGHT)).toEqual({ open: true })
  })

  test('without a day it never opens by itself', () => {
    expect(settle(closed(null), counts(0), LIMITS, NOON + 1000 * DAY)).toEqual({
      record: closed(null),
      change: null,
    })
  })

  test('it tells nobody of limits beneath, but when the day comes and they still close it', () => {
    const beneath = settle(closed(MIDNIGHT), counts(12), LIMITS, NOON)
    expect(beneath.change).toBeNull()
    expect(settle(beneath.record, counts(12), LIMITS, MIDNIGHT).change).toEqual({
      open: false,
      why: 'waiting',
    })
  })
})

describe('open by hand although a limit closed it', () => {
  test('it stays so until the waiting are worked off, and then the limit counts again', () => {
    const rows = through(
      [10, 30, 6, 5, 9, 10].map((waiting) => counts(waiting)),
      although(null),
    )
    expect(rows.map(([open]) => open)).toEqual([true, true, true, true, true, false])
    expect(rows.map(([, change]) => change).filter((change) => change !== null)).toEqual([
      { open: false, why: 'waiting' },
    ])
  })

  test('it stays so until the day that was named', () => {
    expect(settle(although(MIDNIGHT), counts(10), LIMITS, MIDNIGHT - 1).change).toBeNull()
    expect(settle(although(MIDNIGHT), counts(10), LIMITS, MIDNIGHT).change).toEqual({
      open: false,
      why: 'waiting',
    })
  })

  test('because of a day, it ends with that day, and tells nobody', () => {
    const settled = settle(although(null, 'per_day'), counts(4, 0), LIMITS, MIDNIGHT)
    expect(settled).toEqual({ record: NOTHING_SAID, change: null })
  })
})

describe('what a moderator types', () => {
  const message = { en: ' We are away.\r\nBack soon. ', de: '  ' }

  test('is kept as it was typed, without what is empty', () => {
    expect(readClosing({ message, until: '2026-12-24' }, NOON)).toEqual({
      ok: true,
      value: { message: { en: 'We are away.\nBack soon.' }, until: Date.UTC(2026, 11, 24) },
    })
    expect(readClosing({ message: { en: '', de: '' }, until: '' }, NOON)).toEqual({
      ok: true,
      value: { message: {}, until: null },
    })
  })

  test('is refused where it is too long', () => {
    const long = { en: 'a'.repeat(1000), de: 'ä'.repeat(1001) }
    expect(readClosing({ message: long, until: '' }, NOON)).toMatchObject({
      refusal: { code: 'text_too_long', maximum: 1000, length: 1001 },
    })
    expect(readClosing({ message: { ...long, de: '' }, until: '' }, NOON).ok).toBe(true)
  })

  test.each([
    '2026-11-24',
    '2020-01-01',
    '2026-02-30',
    '2027-02-29',
    '2027-11-27',
    '12/24/2026',
    'soon',
    '+20261-01-01',
  ])('is no day to wait for: %s', (until) => {
    expect(readUntil(until, NOON)).toMatchObject({ ok: false, refusal: { code: 'date_wrong' } })
  })

  test('is read to whoever comes in their language, else in the other', () => {
    expect(messageFor({ en: 'Away', de: 'Fort' }, 'de')).toEqual({ text: 'Fort', language: 'de' })
    expect(messageFor({ en: 'Away' }, 'de')).toEqual({ text: 'Away', language: 'en' })
    expect(messageFor({}, 'de')).toBeNull()
  })
})
