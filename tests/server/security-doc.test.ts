import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const TEXT = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')

/** The lines of the table that promise something: what is required, where it is held, and what shows it. */
const LINES = TEXT.split('\n')
  .filter((line) => /^\| [^*-]/.test(line) && !line.startsWith('| ASVS'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, number = '', promise = '', held = '', shown = '']) => ({ number, promise, held, shown }))

const filesIn = (cell: string) => [...cell.matchAll(/`([^`{]+)`/g)].map(([, file = '']) => file)

/** A test file with the files beside it that it imports: two worlds can share one suite. */
function withSuites(path: string): string {
  const text = readFileSync(path, 'utf8')
  const beside = [...text.matchAll(/from '(\.\/[^']+)'/g)].map(([, name = '']) =>
    join(path, '..', `${name}.ts`),
  )
  return [text, ...beside.filter(existsSync).map((file) => readFileSync(file, 'utf8'))].join('\n')
}

const exists = (file: string, below: string) =>
  existsSync(join(ROOT, file)) || existsSync(join(ROOT, below, file))

test('every file that is named is there', () => {
  expect(LINES.length).toBeGreaterThan(40)
  for (const { promise, held, shown } of LINES) {
    for (const file of filesIn(held))
      expect([promise, file, exists(file, 'src')]).toEqual([promise, file, true])
    for (const file of filesIn(shown))
      expect([promise, file, exists(file, 'tests')]).toEqual([promise, file, true])
  }
})

test('every limit that all share has a price, somebody it stops, and files that hold and show it', () => {
  const section = TEXT.slice(TEXT.indexOf('## Shared limits'), TEXT.indexOf('**Password guessing.**'))
  const rows = section.split('\n').filter((line) => line.startsWith('| **') && !line.includes('**limit**'))
  expect(rows.length).toBeGreaterThan(15)
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1)
    expect([row, cells.length, cells.every((cell) => cell.trim() !== '')]).toEqual([row, 5, true])
    const files = filesIn(cells.at(-1) ?? '')
    expect([row, files.length > 1 || row.includes('the same')]).toEqual([row, true])
    for (const file of files) expect([file, existsSync(join(ROOT, file))]).toEqual([file, true])
  }
})

test('nothing is claimed without a test that shows it, and a number stands there once', () => {
  for (const { promise, held, shown } of LINES) {
    expect([promise, held !== '']).toEqual([promise, true])
    const tests = filesIn(shown)
    expect([promise, tests.length > 0]).toEqual([promise, true])
    for (const file of tests) {
      const path = existsSync(join(ROOT, file)) ? file : join('tests', file)
      expect([promise, file, /\.(?:test|spec)\.ts$/.test(file)]).toEqual([promise, file, true])
      expect([file, /^\s*(?:test|it)(?:\.each)?\W/m.test(withSuites(join(ROOT, path)))]).toEqual([file, true])
    }
  }
  const numbers = LINES.flatMap(({ number }) => number.match(/\d+\.\d+\.\d+/g) ?? [])
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([])
})

test('a requirement that is a gap is not claimed as held, but where the gap says what of it is open', () => {
  const gaps = TEXT.slice(TEXT.indexOf('## Known gaps'))
  const open = [...gaps.matchAll(/\*\*([\d., ]+)\*\*/g)].flatMap(([, numbers = '']) => numbers.split(', '))
  const claimed = new Set(LINES.flatMap(({ number }) => number.match(/\d+\.\d+\.\d+/g) ?? []))
  expect(open.length).toBeGreaterThan(5)
  // With https, all cookies but two that open nothing.
  expect(
    open.filter((number) => claimed.has(number)).filter((number) => !/^3\.3\.[13]$/.test(number)),
  ).toEqual([])
})
