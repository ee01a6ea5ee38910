import { describe, expect, test } from 'vitest'
import { isEncodedDomain, mixedWords, piecesOf } from './visible-text'

describe('piecesOf', () => {
  test('leaves ordinary text in one piece, with its lines, accents, right-to-left words and pictures', () => {
    for (const text of [
      'Hello\n\tthere',
      'naïve café',
      'שלום עולם',
      'می‌خواهم',
      '👨‍👩‍👧 and ❤️',
      'क्‍ष',
      '日本語',
    ])
      expect(piecesOf(text), text).toEqual([{ text }])
    expect(piecesOf('')).toEqual([])
  })

  test('shows what turns the direction, has no width or is a control character', () => {
    expect(piecesOf('a\u202Eb\u200Bc\u0007')).toEqual([
      { text: 'a' },
      { code: 'U+202E', kind: 'direction' },
      { text: 'b' },
      { code: 'U+200B', kind: 'invisible' },
      { text: 'c' },
      { code: 'U+0007', kind: 'control' },
    ])
  })

  test('shows joiners that join nothing, a hangul filler, a tag and a lone surrogate’s neighbour', () => {
    expect(piecesOf('a\u200Db')).toContainEqual({ code: 'U+200D', kind: 'invisible' })
    expect(piecesOf('\u3164')).toEqual([{ code: 'U+3164', kind: 'invisible' }])
    expect(piecesOf('\u{E0041}')).toEqual([{ code: 'U+E0041', kind: 'invisible' }])
    expect(piecesOf('x\u2028y')).toContainEqual({ code: 'U+2028', kind: 'invisible' })
  })
})

test('words that mix alphabets are found, once each, and words that do not are left alone', () => {
  expect(mixedWords('раypal and раypal, but мир and peace')).toEqual([
    { word: 'раypal', alphabets: ['Latin', 'Cyrillic'] },
  ])
  expect(mixedWords('α-Wert')).toEqual([{ word: 'α-Wert', alphabets: ['Latin', 'Greek'] }])
  expect(mixedWords('Ich suche 日本語 server')).toEqual([])
})

test('an encoded domain is known by its prefix', () => {
  expect(isEncodedDomain('mail.xn--bcher-kva.example')).toBe(true)
  expect(isEncodedDomain('axn--b.example')).toBe(false)
})
