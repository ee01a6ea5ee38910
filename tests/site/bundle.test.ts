import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const BUILD = join(import.meta.dirname, '../../build')

test('no module of the site calls a `require` that it does not have', () => {
  const chunks = readdirSync(join(BUILD, 'server'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  const calling = chunks.filter((code) =>
    [...code.matchAll(/(?<![\w.$])require\((['"])([^'"]+)\1\)/g)].some(([, , name = '']) => isBuiltin(name)),
  )
  // prom-client and pump are bundled: without them this would test nothing.
  expect(calling.length).toBeGreaterThan(0)
  for (const code of calling)
    expect(code.slice(0, code.indexOf('\n'))).toMatch(/\bconst require = \w+\(import\.meta\.url\);/)
})
