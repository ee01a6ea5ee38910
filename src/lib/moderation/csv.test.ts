import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvCell, csvLine, textOfCell } from './csv'

/** A reader by RFC 4180, for one line without its end. */
function read(line: string): string[] {
  const cells = [...`${line},`.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*)),/g)]
  return cells.map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}

describe('a cell', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1'])(
    'that begins like a formula is a text: %j',
    (text) => {
      expect(read(csvCell(text))).toEqual([`'${text}`])
    },
  )

  test.each(['a=1', 'x-1', '2026-01-31T00:00:00.000Z', '{"a":"=1"}', '', 'Zoë'])(
    'that does not is as it was: %j',
    (text) => {
      expect(read(csvCell(text))).toEqual([text])
    },
  )

  test.each(['=1', "'=1", "''-1", "'a", "'", '', 'a', "'\t"])('becomes the text again: %j', (text) => {
    expect(textOfCell(read(csvCell(text))[0] ?? '')).toBe(text)
  })

  test('of another program stays as it is, but for the mark before a formula', () => {
    expect(['=1', "'a", "'=1", '-5'].map(textOfCell)).toEqual(['=1', "'a", '=1', '-5'])
  })

  test('holds commas, quotes and line ends', () => {
    expect(csvCell('a, "b"\r\nc')).toBe('"a, ""b""\r\nc"')
  })
})

test('whatever stands in the cells, a reader gets as many, and none begins a formula', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 6 }), (cells) => {
      const line = csvLine(cells)
      expect(line.endsWith('\r\n')).toBe(true)
      const found = read(line.slice(0, -2))
      expect(found).toHaveLength(cells.length)
      expect(found.map((cell, index) => cell === cells[index] || cell === `'${cells[index] ?? ''}`)).toEqual(
        cells.map(() => true),
      )
      expect(found.map(textOfCell)).toEqual(cells)
      for (const cell of found) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/)
    }),
  )
})
