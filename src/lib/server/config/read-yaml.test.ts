import { expect, test } from 'vitest'
import { readYaml } from './read-yaml'

test.each([
  ['a: 1\n\tb: 2', 'line 2, column 1: a tab indents this line: use spaces'],
  ['a: @b', 'line 1, column 4: a value cannot start with @, % or `: put it in quotes'],
  ['a:\n  - !room:example.org', 'line 2, column 5: a value that starts with ! must be in quotes'],
  ['a:\n  - *', 'line 2, column 5: a value that starts with * must be in quotes'],
  ['a: *b', 'line 1, column 4: a value that starts with * must be in quotes'],
  [
    'a:\n  - #room:example.org',
    'line 2, column 5: a value that starts with # must be in quotes, otherwise it is a comment',
  ],
  [
    'site:\n  accent: #00aa77\n',
    'line 2, column 11: a value that starts with # must be in quotes, otherwise it is a comment',
  ],
  ["a: 'x' y", 'line 1, column 8: there is text after the end of the value: check the quotes'],
  ['a: "\\d"', 'line 1, column 5: a backslash in double quotes starts an escape sequence: use single quotes'],
  [
    'a: [1',
    'line 1, column 6: the line is not indented like the lines around it, or a bracket before it is not closed',
  ],
  ['a: "1\nb: 2\n', 'line 3, column 1: a quote or bracket before this point is not closed'],
  ['a: 1\n---\nb: 2', 'line 2, column 1: a second document starts here: remove the line ---'],
  ['a: 1\na: 2', 'a is given twice (line 1, column 1 and line 2, column 1): keep one'],
  [
    'email:\n  port: 1\n  port: 2',
    'email.port is given twice (line 2, column 3 and line 3, column 3): keep one',
  ],
])('%j is wrong, and where', (text, problem) => {
  expect(readYaml(text)).toEqual({ ok: false, problems: [problem] })
})

test('mistakes in several lines are told at once, and without what stands there', () => {
  const read = readYaml('a: @swordfish\nb: !swordfish\nc: swordfish: swordfish')
  expect(read).toMatchObject({ ok: false, problems: { length: 3 } })
  expect(JSON.stringify(read)).not.toContain('swordfish')
})

test('a comment after an empty value is fine', () => {
  expect(readYaml('a: # nothing\nb:\n  #- x\n  c: "#x"')).toEqual({
    ok: true,
    value: { a: null, b: { c: '#x' } },
  })
})

test('anchors and merges are read', () => {
  expect(readYaml('a: &x {p: q}\nb:\n  <<: *x\n  r: s')).toMatchObject({
    ok: true,
    value: { b: { p: 'q', r: 's' } },
  })
})

test('aliases that grow without end are refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
  )
  expect(readYaml(['l0: &l0 [x]', ...levels].join('\n'))).toMatchObject({ ok: false })
})
