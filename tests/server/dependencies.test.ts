import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as v from 'valibot'

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

const lockSchema = v.object({
  lockfileVersion: v.number(),
  packages: v.record(
    v.string(),
    v.object({
      version: v.optional(v.string()),
      resolved: v.optional(v.string()),
      integrity: v.optional(v.string()),
      link: v.optional(v.boolean()),
      inBundle: v.optional(v.boolean()),
      dependencies: v.optional(v.record(v.string(), v.string())),
      devDependencies: v.optional(v.record(v.string(), v.string())),
      optionalDependencies: v.optional(v.record(v.string(), v.string())),
      bin: v.optional(v.record(v.string(), v.string())),
    }),
  ),
})
const manifestSchema = v.object({
  scripts: v.record(v.string(), v.string()),
  dependencies: v.record(v.string(), v.string()),
  devDependencies: v.record(v.string(), v.string()),
  optionalDependencies: v.record(v.string(), v.string()),
})

const lock = v.parse(lockSchema, JSON.parse(read('package-lock.json')))
const manifest = v.parse(manifestSchema, JSON.parse(read('package.json')))

test('no package runs a script of its own when it is installed', () => {
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  const own = Object.keys(manifest.scripts)
  expect(own.filter((name) => /^(?:pre|post)?(?:install|prepare)$|^prepublish/.test(name))).toEqual([])
})

test('every package is what it was when it was chosen: each has its hash, and the lock alone says which', () => {
  // What is in the bundle of another package is under that one's hash.
  const packages = Object.entries(lock.packages).filter(
    ([path, { link, inBundle }]) => path !== '' && link !== true && inBundle !== true,
  )
  expect(lock.lockfileVersion).toBeGreaterThanOrEqual(3)
  expect(packages.length).toBeGreaterThan(200)
  for (const [path, { integrity }] of packages)
    expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha(?:512|384)-[A-Za-z0-9+/=]{60,}$/)])
  const [, root] = Object.entries(lock.packages).find(([path]) => path === '') ?? []
  expect(root?.dependencies).toEqual(manifest.dependencies)
  expect(root?.devDependencies).toEqual(manifest.devDependencies)
  expect(root?.optionalDependencies).toEqual(manifest.optionalDependencies)
})

test('the command of each package is a file that comes with it, as npm 9 stops at one that a script would make', () => {
  const packages = Object.entries(lock.packages).filter(
    ([path]) => path !== '' && existsSync(join(ROOT, path)),
  )
  expect(packages.length).toBeGreaterThan(200)
  for (const [path, { bin = {} }] of packages)
    for (const file of Object.values(bin))
      expect([path, file, existsSync(join(ROOT, path, file))]).toEqual([path, file, true])
})

test('no package comes from a place of its own, and none is named by a URL or a file', () => {
  for (const [path, { resolved }] of Object.entries(lock.packages))
    expect([path, resolved]).toEqual([path, undefined])
  for (const [name, range] of Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  }))
    expect([name, /^(?:[\^~]?\d|\*$)/.test(range)]).toEqual([name, true])
})

test('what installs for a check, and what the README says, follows the lock', () => {
  for (const file of ['.ci/run', 'README.md']) {
    const text = read(file)
    expect([file, /npm ci\b/.test(text)]).toEqual([file, true])
    expect([file, /npm (?:install|i|update)\b|npx --yes|npx -y/.test(text)]).toEqual([file, false])
  }
})
