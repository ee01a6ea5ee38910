import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Linter } from 'eslint'
import { describe, expect, test } from 'vitest'
import { importDirections, MAY_IMPORT } from '../../scripts/import-directions.js'

const SOURCE = join(import.meta.dirname, '../../src')
const SERVER = 'lib/server'

const linter = new Linter({ cwd: SOURCE })
/** What the lint rule says of a file that stands there, new or not. */
function lint(file: string, code: string): number {
  const found = linter.verify(
    code,
    {
      files: ['**/*.ts'],
      plugins: { project: { rules: { 'import-directions': importDirections } } },
      rules: { 'project/import-directions': 'error' },
    },
    { filename: join(SOURCE, file) },
  )
  expect(found.every(({ ruleId }) => ruleId === 'project/import-directions')).toBe(true)
  return found.length
}

test('every folder of the server has a line, and every line a folder', () => {
  const folders = readdirSync(join(SOURCE, SERVER), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${SERVER}/${name}`)
  const lines = Object.keys(MAY_IMPORT).filter((folder) => folder.startsWith(`${SERVER}/`))
  expect(lines.sort()).toEqual(folders.sort())
})

test('no two folders may import each other, however many stand between them', () => {
  const below = (folder: string, seen: string[] = []): string[] =>
    (MAY_IMPORT[folder] ?? [])
      .filter((name) => name in MAY_IMPORT && name !== folder && !seen.includes(name))
      .flatMap((name) => [name, ...below(name, [...seen, name])])
  // The root of the server puts the folders together, and the API's types are made from what it answers.
  for (const folder of Object.keys(MAY_IMPORT).filter((name) => !['lib/server', 'lib'].includes(name)))
    expect([folder, below(folder).includes(folder)]).toEqual([folder, false])
})

describe('an import the wrong way is refused', () => {
  test.each([
    ['lib/registration/new.ts', '../moderation/rule'],
    ['lib/registration/new.ts', '$lib/server/crypto/tokens'],
    ['lib/moderation/new.ts', '../text/moment'],
    ['lib/components/new.ts', '$lib/server/http/form-fields'],
    ['lib/server/database/new.ts', '../auth/sessions'],
    ['lib/server/database/deeper/new.ts', '../../trpc/router'],
    ['lib/server/mail/new.ts', '$lib/components/Time.svelte'],
    ['lib/server/mail/new.ts', '../../components/Time.svelte'],
    ['lib/server/registrations/new.ts', '../trpc/router'],
    ['lib/server/trpc/new.ts', '../database/events'],
    ['lib/server/trpc/new.ts', '$lib/server/database/open'],
    ['lib/server/trpc/new.ts', '../homeserver/synapse'],
    ['lib/server/registrations/new.ts', '../app'],
    ['lib/server/registrations/new.ts', './../app'],
    ['lib/server/registrations/new.ts', '$lib/server/app'],
    ['lib/server/registrations/new.ts', '../moderation/signals.ts'],
    ['lib/server/homeserver/new.ts', '../../../stand-in/homeserver'],
    ['lib/server/brand-new/new.ts', '$lib/registration/email'],
    ['lib/server/brand-new/deeper/new.ts', './other'],
    ['lib/server/http/new.ts', '../../../routes/register/draft'],
    ['routes/admin/new.ts', '$lib/server/rules/store'],
    ['routes/admin/new.ts', '$lib/server/database/open'],
    ['routes/admin/new.ts', '../../cli/admin'],
    ['lib/browser/new.ts', '$lib/components/Form.svelte'],
  ])('%s may not import %s', (file, specifier) => {
    expect([lint(file, `import '${specifier}'`), lint(file, `await import('${specifier}')`)]).toEqual([1, 1])
    expect(lint(file, `export * from '${specifier}'; export { one } from '${specifier}'`)).toBe(2)
  })
})

test.each([
  ['lib/registration/new.ts', './email'],
  ['lib/registration/new.ts', 'valibot'],
  ['lib/server/registrations/new.ts', '../database/open'],
  ['lib/server/registrations/deeper/new.ts', '../../database/open'],
  ['lib/server/jobs/new.ts', '$lib/text/moment'],
  ['lib/server/app.ts', './trpc/router'],
  ['routes/admin/new.ts', '$lib/server/http/form-fields'],
  ['routes/admin/deeper/new.ts', '../words'],
])('%s may import %s', (file, specifier) => {
  expect(lint(file, `import '${specifier}'`)).toBe(0)
})
