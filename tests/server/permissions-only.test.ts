import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Linter } from 'eslint'
import { describe, expect, test } from 'vitest'
import { ALL_PERMISSIONS, can, rolesWith } from '$lib/moderation/permission'
import { permissionsOnly } from '../../scripts/permissions-only.js'

const SOURCE = join(import.meta.dirname, '../../src')

const linter = new Linter({ cwd: SOURCE })
const lint = (file: string, code: string): number =>
  linter.verify(
    code,
    {
      files: ['**/*.ts'],
      plugins: { project: { rules: { 'permissions-only': permissionsOnly } } },
      rules: { 'project/permissions-only': 'error' },
    },
    { filename: join(SOURCE, file) },
  ).length

describe('a role that is compared by its name is refused', () => {
  test.each([
    "moderator.role === 'administrator'",
    "'administrator' !== role",
    "user == 'administrator'",
    "role === 'moderator'",
    "made.role != 'moderator'",
    "eq(moderators.role, 'administrator')",
    "ne(role, 'moderator')",
    "inArray(moderators.role, ['administrator'])",
    "['administrator', 'owner'].includes(role)",
    "drizzle.eq(role, 'administrator')",
    "switch (role) { case 'moderator': }",
    "sql`${role} = 'administrator' and true`",
  ])('%s', (code) => {
    expect(lint('lib/server/database/new.ts', code)).toBe(1)
    expect(lint('routes/admin/new.ts', code)).toBe(1)
    expect(lint('lib/moderation/permission.ts', code)).toBe(0)
  })
})

test.each([
  "actor.kind === 'moderator'",
  "eq(exchanges.author, 'moderator')",
  "const first = 'administrator'",
  "can(role, 'manage-moderators')",
  'role === other',
  "switch (kind) { case 'moderator': }",
])('%s is not', (code) => {
  expect(lint('lib/server/database/new.ts', code)).toBe(0)
})

test('administrators have every permission, and moderators none', () => {
  expect(ALL_PERMISSIONS.length).toBeGreaterThan(5)
  for (const permission of ALL_PERMISSIONS) {
    expect([permission, can('administrator', permission), can('moderator', permission)]).toEqual([
      permission,
      true,
      false,
    ])
    expect(rolesWith(permission)).toEqual(['administrator'])
  }
})

test('every permission is asked for somewhere', () => {
  const files = readdirSync(SOURCE, { recursive: true, withFileTypes: true }).filter(
    ({ name, parentPath }) =>
      /(?<!\.test)\.(ts|svelte)$/.test(name) && name !== 'permission.ts' && !parentPath.includes('paraglide'),
  )
  const code = files.map(({ name, parentPath }) => readFileSync(join(parentPath, name), 'utf8')).join('\n')
  for (const permission of ALL_PERMISSIONS)
    expect([permission, code.includes(`'${permission}'`)]).toEqual([permission, true])
})
