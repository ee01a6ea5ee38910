import { describe, expect, test } from 'vitest'
import { isBlank, oneLine, plainLines, substance, visibleLength } from './text-length'

const FAMILY = '👨‍👩‍👧‍👦'
const SKIN_TONES = '👨🏽‍👩🏽‍👧🏽‍👦🏽'
const SCOTLAND = '🏴󠁧󠁢󠁳󠁣󠁴󠁿'

describe('the visible length', () => {
  test.each([
    [FAMILY, 1],
    [SKIN_TONES, 1],
    [SCOTLAND, 1],
    ['👩🏿‍❤️‍💋‍👨🏻', 1],
    ['🇩🇪🇩🇪', 2],
    ['1️⃣❤️', 2],
    ['e\u0301', 1],
    ['क्षि', 1],
    ['각', 1],
    ['ab\n', 3],
    ['', 0],
  ])('of %j is %i', (text, length) => {
    expect(visibleLength(text)).toBe(length)
    expect(visibleLength(text.repeat(1000))).toBe(length * 1000)
  })

  test('does not depend on where a long text is cut to be counted', () => {
    for (let before = 500; before < 520; before++) {
      expect(visibleLength('ä'.repeat(before) + FAMILY + '🇩🇪'.repeat(300))).toBe(before + 301)
      expect(substance('ä'.repeat(before) + '👩🏿‍❤️‍💋‍👨🏻'.repeat(100))).toBe(before + 100)
    }
  })

  test('of as long a text as anybody can send is found at once', () => {
    const start = performance.now()
    expect(visibleLength(FAMILY.repeat(20_000))).toBe(20_000)
    expect(visibleLength('ä'.repeat(100_000))).toBe(100_000)
    expect(visibleLength('x'.repeat(5_000_000))).toBe(5_000_000)
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test('is that of several where marks are heaped on one, so that a limit bounds the bytes too', () => {
    expect(visibleLength(`a${'\u0301'.repeat(20)}`)).toBe(1)
    expect(visibleLength(`a${'\u0301'.repeat(1_000_000)}`)).toBeGreaterThan(31_000)
    expect(visibleLength(Array(1000).fill('👩').join('\u200d'))).toBeGreaterThan(50)
  })
})

describe('what a text says', () => {
  test.each([
    ['a b', 3],
    ['  a \n\r\n\t b  ', 3],
    [`a${'\u2028'.repeat(40)}b`, 3],
    [`a${'\u200b'.repeat(40)}b`, 2],
    ['名前', 4],
    ['ひらカナー', 10],
    ['한글', 4],
    ['ㄅㄆ', 4],
    ['가', 2],
    ['が', 2],
    ['ab名', 4],
    [FAMILY, 1],
    ['❤️', 1],
    [`a${'\u0301'.repeat(500)}`, 1],
  ])('%j counts as %i', (text, sum) => {
    expect(substance(text)).toBe(sum)
  })
})

const NOTHING = [
  ' \t\n\v\f\r',
  '\u0085',
  '\u00a0',
  '\u00ad',
  '\u034f',
  '\u061c',
  '\u115f\u1160',
  '\u17b4\u17b5',
  '\u180e',
  '\u2000\u200a',
  '\u200b\u200c\u200d\u200e\u200f',
  '\u2028',
  '\u2029',
  '\u202e\u2066',
  '\u2060\u2064',
  '\u2800',
  '\u3000',
  '\u3164',
  '\ufe0f\ufe00',
  '\ufeff',
  '\uffa0',
  '\u{1d159}\u{1d173}',
  '\u{e0020}\u{e0100}',
  '\ud800',
  '',
]

test.each(NOTHING)('%j is nothing that anybody sees', (text) => {
  expect(isBlank(text.repeat(50))).toBe(true)
  expect(substance(text.repeat(50))).toBe(0)
})

test.each(['a', '.', 'ー', '\u0301', '❤️', '\ue000', '־'])('%j is something', (text) => {
  expect(isBlank(text)).toBe(false)
  expect(substance(text)).toBeGreaterThan(0)
})

describe('a text in its stored form', () => {
  test.each([
    ['a\r\nb\rc\nd', 'a\nb\nc\nd', 'a b c d'],
    ['a\vb\fc\x85d\te', 'a\nb\nc\nd\te', 'a b c d e'],
    ['a\0b\x07c\x1bd\x7fe\x9ff', 'abcdef', 'abcdef'],
    ['\0 a \0 b\r\0\n\0', 'a  b', 'a b'],
    ['a\ud800b\udfffc', 'abc', 'abc'],
    ['a\udc00\ud83d', 'a', 'a'],
    [`${FAMILY}\u202e`, `${FAMILY}\u202e`, `${FAMILY}\u202e`],
  ])('%j', (typed, lines, line) => {
    expect(plainLines(typed)).toBe(lines)
    expect(oneLine(typed)).toBe(line)
  })
})
