import { describe, expect, test } from 'vitest'
import { parseReason } from './reason'
import { visibleLength } from './text-length'

const read = (typed: string) => {
  const parsed = parseReason(typed)
  return parsed.ok ? parsed.value : parsed.refusal
}

describe('the reason', () => {
  test('counts what people see: a flag or a letter with accents is one', () => {
    expect(visibleLength('👩‍👩‍👧🇩🇪e\u0301')).toBe(3)
    expect(read('👩‍👩‍👧'.repeat(29))).toEqual({ code: 'reason_too_short', minimum: 30, length: 29 })
    expect(read('👩‍👩‍👧'.repeat(2000))).toBe('👩‍👩‍👧'.repeat(2000))
    expect(read('👨🏽‍👩🏽‍👧🏽‍👦🏽'.repeat(2001))).toEqual({ code: 'reason_too_long', maximum: 2000, length: 2001 })
  })

  test('has 30 to 2,000 characters, without the blanks around it', () => {
    expect(read(`  ${'a'.repeat(29)}  `)).toMatchObject({ code: 'reason_too_short', length: 29 })
    expect(read('a'.repeat(30))).toHaveLength(30)
    expect(read('a'.repeat(2000))).toHaveLength(2000)
    expect(read('a'.repeat(2001))).toMatchObject({ code: 'reason_too_long', length: 2001 })
  })

  test('counts line ends once, as browsers send two characters for each', () => {
    expect(read(`${'a'.repeat(20)}\r\n${'b'.repeat(20)}`)).toBe(`${'a'.repeat(20)}\n${'b'.repeat(20)}`)
  })

  test('counts a character of Chinese, Japanese or Korean for two towards the minimum, and for one towards the maximum', () => {
    const japanese = '友だちがこのサーバーにいて話したいからです。'
    expect([...japanese]).toHaveLength(22)
    expect(read(japanese)).toBe(japanese)
    expect(read('이 서버에 있는 친구와 이야기하고 싶어요')).toContain('친구')
    expect(read('名'.repeat(14))).toEqual({ code: 'reason_too_short', minimum: 30, length: 28 })
    expect(read('名'.repeat(15))).toBe('名'.repeat(15))
    expect(read('名'.repeat(2000))).toHaveLength(2000)
    expect(read('名'.repeat(2001))).toMatchObject({ code: 'reason_too_long', length: 2001 })
  })

  test.each([
    '\u200b',
    '\u3164',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u00ad',
    '\u2800',
    '\u180e',
    '\ufe0f',
    '\u034f',
    ' ',
    '\n',
  ])('cannot be filled with what nobody sees: %j', (nothing) => {
    expect(read(nothing.repeat(40))).toEqual({ code: 'reason_too_short', minimum: 30, length: 0 })
    expect(read(`a${nothing.repeat(40)}b`)).toMatchObject({ code: 'reason_too_short' })
    expect(read(`${'a'.repeat(20)}${nothing.repeat(40)}b`)).toMatchObject({ code: 'reason_too_short' })
  })

  test('of one letter under a megabyte of marks is too long', () => {
    expect(read(`${'a'.repeat(40)}${'\u0301'.repeat(500_000)}`)).toMatchObject({ code: 'reason_too_long' })
  })

  test('of absurd length is refused without being counted', () => {
    expect(read('x'.repeat(5_000_000))).toMatchObject({ code: 'reason_too_long', length: 5_000_000 })
  })
})
