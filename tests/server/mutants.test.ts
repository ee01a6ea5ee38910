import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutantsOf } from '../../scripts/mutation/mutants.js'
import { targets } from '../../scripts/mutation/targets.js'

const became = (source: string) => mutantsOf(source).map((mutant) => mutant.became)

test.each<[string, string, string[]]>([
  [
    'a guard, which never or always refuses',
    "if (state !== 'approved') return no()",
    ['if (true) return no()', 'if (false) return no()'],
  ],
  [
    'conditions that have to hold together, one by one',
    'if (a && b && c) act()',
    [
      'if (true) act()',
      'if (false) act()',
      'if ((a && b)) act()',
      'if ((a) && c) act()',
      'if ((b) && c) act()',
    ],
  ],
  [
    'an edge',
    'const late = now > end',
    ['const late = now >= end', 'const late = true', 'const late = false'],
  ],
  ['a comparison', 'const mine = a === b', ['const mine = true', 'const mine = false']],
  ['an answer', 'const f = () => { return true }', ['const f = () => { return false }']],
  [
    'a call',
    'const f = async () => { await lock(name); await note() }',
    ['const f = async () => { ; await note() }', 'const f = async () => { await lock(name); ; }'],
  ],
  ['an event', "const events = [{ kind: 'a' }, b]", ['const events = [b]', "const events = [{ kind: 'a' }]"]],
  ['a default', 'const x = a ?? 1', ['const x = (a)']],
  ['arithmetic', 'const end = at + span', ['const end = at - span']],
  ['a step of a chain', 'const x = found.filter(isOurs)', ['const x = found']],
  ['a case', "switch (k) { case 'a': return 1; default: return 2 }", ['switch (k) { default: return 2 }']],
  ['nothing of types, imports, and what types tell', 'type A = true | false; const a = { ok: true }', []],
])('%s', (_, source, mutants) => {
  expect(became(source)).toEqual(mutants)
})

test('a condition of a query is left out, and its edge is moved', () => {
  const head = "import { and, eq, gt } from 'drizzle-orm'\n"
  const mutants = mutantsOf(`${head}const q = select().where(and(eq(a, b), gt(c, d)))`)
  expect(mutants.map((mutant) => mutant.became)).toEqual([
    'const q = select()',
    'const q = select().where(and(gt(c, d)))',
    'const q = select().where(and(eq(a, b)))',
    'const q = select().where(and(eq(a, b), gte(c, d)))',
  ])
  expect(mutants[3]?.text).toMatch(/^import \{ gte \} from 'drizzle-orm';import/)
})

test('its name is the lines it touches, wherever they stand', () => {
  const source = 'const f = () =>\n  a &&\n  b\n'
  expect(mutantsOf(source)[0]).toMatchObject({ line: 2, was: 'a && b', became: '(a)' })
  expect(mutantsOf(`\n\n${source}`)[0]).toMatchObject({ line: 4, was: 'a && b', became: '(a)' })
})

test('the files that are changed, and their tests, are where the list says', () => {
  const listed = targets.flatMap(({ file, tests }) => [file, ...tests])
  expect(listed.filter((path) => !existsSync(path))).toEqual([])
})
