import { describe, expect, test } from 'vitest'
import { parseReason, visibleLength } from './reason'

const read = (typed: string) => {
  const parsed = parseReason(typed)
  return parsed.ok ? parsed.value : parsed.refusal
}

describe('the reason', () => {
  test('counts what people see: a flag or a letter with accents is one', () => {
    expect(visibleLength('👩‍👩‍👧🇩🇪e\u0301')).toBe(3)
    expect(read('👩‍👩‍👧'.repeat(29))).toEqual({ code: 'reason_too_short', minimum: 30, length: 29 })
    expect(read('名'.repeat(30))).toBe('名'.repeat(30))
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

  test('cannot be filled with what nobody sees', () => {
    expect(read(`a${'\u200b'.repeat(40)}b`)).toMatchObject({ code: 'reason_too_short' })
    expect(read(`a${'\u3164'.repeat(40)}b`)).toMatchObject({ code: 'reason_too_short' })
  })

  test('of absurd length is refused without being counted', () => {
    expect(read('x'.repeat(5_000_000))).toMatchObject({ code: 'reason_too_long', length: 5_000_000 })
  })
})
