import { describe, expect, test } from 'vitest'
import { NOON } from '../../../tests/support/registration'
import {
  CODE_BITS,
  CODE_DAYS,
  CODE_NOTE_MAXIMUM,
  CODE_USES,
  drawCode,
  readCode,
  readCodeWish,
  standingOf,
} from './invitation'

describe('a code', () => {
  test('cannot be guessed, and has no letters that look alike', () => {
    expect(CODE_BITS).toBeGreaterThanOrEqual(60)
    const bounds = new Set<number>()
    const letters = new Set<string>()
    for (let step = 0; step < 24; step++) {
      const code = drawCode((below) => (bounds.add(below), step))
      expect(code).toMatch(/^(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}$/)
      letters.add(code.charAt(0))
    }
    expect([...bounds]).toEqual([24])
    expect(letters.size).toBe(24)
    for (const alike of ['0O', '1IL', '2Z', '5S', '8B', 'UV'])
      expect([...alike].filter((letter) => letters.has(letter)).length, alike).toBeLessThan(2)
  })

  test.each([
    '7KQM-4XRT-9CWA-HJ3P',
    '7kqm4xrt9cwahj3p',
    ' 7KQM 4XRT 9CWA HJ3P\n',
    '7KQM–4XRT—9CWA‑HJ3P',
    '7K-QM4X\u00a0RT9C\u200bWA.HJ_3P',
    '７ＫＱＭ４ＸＲＴ９ＣＷＡＨＪ３Ｐ',
  ])('is read as it was typed: %s', (typed) => {
    expect(readCode(typed)).toBe('7KQM-4XRT-9CWA-HJ3P')
  })

  test.each([
    '',
    '7KQM-4XRT-9CWA-HJ3',
    '7KQM-4XRT-9CWA-HJ3PP',
    '0KQM-4XRT-9CWA-HJ3P',
    '7KQM-4XRT-9CWA-HJ3%',
    'ſKQM-4XRT-9CWA-HJ3P',
  ])('that is none is read as none: %s', (typed) => {
    expect(readCode(typed)).toBeNull()
  })

  test('reads what it draws', () => {
    for (let step = 0; step < 24; step++) {
      let letter = step
      const code = drawCode((below) => letter++ % below)
      expect(readCode(code.toLowerCase().replaceAll('-', ' '))).toBe(code)
    }
  })
})

describe('whether a code counts', () => {
  const terms = { usesMaximum: 2, uses: 1, expiresAt: NOON, endedAt: null }

  test('it does until its last use, and until its time', () => {
    expect(standingOf(terms, NOON - 1)).toBe('counts')
    expect(standingOf(terms, NOON)).toBe('expired')
    expect(standingOf({ ...terms, uses: 2 }, NOON - 1)).toBe('used_up')
    expect(standingOf({ ...terms, endedAt: 1 }, NOON - 1)).toBe('ended')
  })

  test('without an end it does for ever, and as often as one likes', () => {
    const endless = { usesMaximum: null, uses: 1_000_000, expiresAt: null, endedAt: null }
    expect(standingOf(endless, NOON * 10)).toBe('counts')
  })
})

describe('what a moderator wants of a code', () => {
  const typed = { uses: '3', days: '14', note: ' For the\n garden ' }

  test('is read, and nothing means no end', () => {
    expect(readCodeWish(typed)).toEqual({ ok: true, value: { uses: 3, days: 14, note: 'For the garden' } })
    expect(readCodeWish({ uses: ' ', days: '', note: '  ' })).toEqual({
      ok: true,
      value: { uses: null, days: null, note: null },
    })
  })

  test.each(['0', '-1', '1.5', '1e3', 'many', '10001', '٣', '99999999999'])(
    'so many uses are none: %s',
    (uses) => {
      expect(readCodeWish({ ...typed, uses })).toEqual({
        ok: false,
        refusal: { code: 'code_uses_wrong', ...CODE_USES },
      })
    },
  )

  test.each(['0', '-1', '3651', 'a week'])('so many days are none: %s', (days) => {
    expect(readCodeWish({ ...typed, days })).toEqual({
      ok: false,
      refusal: { code: 'code_days_wrong', ...CODE_DAYS },
    })
  })

  test('a note has an end', () => {
    expect(readCodeWish({ ...typed, note: 'x'.repeat(CODE_NOTE_MAXIMUM) }).ok).toBe(true)
    expect(readCodeWish({ ...typed, note: 'x'.repeat(CODE_NOTE_MAXIMUM + 1) })).toEqual({
      ok: false,
      refusal: { code: 'code_note_too_long', maximum: CODE_NOTE_MAXIMUM },
    })
  })
})
