import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const TEXT = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')

/** What is named in code font and looks like a path: with a slash, without blanks and patterns. */
const PATHS = [...TEXT.matchAll(/`([^`\s]*\/[^`\s]*)`/g)]
  .map(([, path = '']) => path)
  .filter((path) => !/[*…]/.test(path))

test('every file and folder that CONTRIBUTING.md names is there', () => {
  expect(PATHS.length).toBeGreaterThan(60)
  for (const path of PATHS)
    expect([path, existsSync(join(ROOT, path)) || existsSync(join(ROOT, 'src/lib', path))]).toEqual([
      path,
      true,
    ])
})
