import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import * as v from 'valibot'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const BUILD = join(ROOT, 'build')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

const componentSchema = v.object({
  name: v.string(),
  group: v.optional(v.string()),
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+/)),
  purl: v.string(),
  scope: v.picklist(['required', 'optional']),
  licenses: v.pipe(v.array(v.looseObject({})), v.minLength(1)),
  properties: v.array(v.object({ name: v.string(), value: v.string() })),
})
const bomSchema = v.object({
  metadata: v.looseObject({ component: v.looseObject({ name: v.string(), purl: v.string() }) }),
  components: v.array(componentSchema),
  dependencies: v.array(v.object({ ref: v.string(), dependsOn: v.optional(v.array(v.string())) })),
})
const lockSchema = v.object({ packages: v.record(v.string(), v.object({ version: v.optional(v.string()) })) })

const text = read('build/sbom.cdx.json')
const licences = read('build/THIRD-PARTY-LICENSES.txt')
const bom = v.parse(bomSchema, JSON.parse(text))
const { packages: locked } = v.parse(lockSchema, JSON.parse(read('package-lock.json')))

const nameOf = ({ group, name }: v.InferOutput<typeof componentSchema>) =>
  group === undefined ? name : `${group}/${name}`
const partsOf = ({ properties }: v.InferOutput<typeof componentSchema>) =>
  properties.flatMap(({ name, value }) => (name === 'synapse-registration:part' ? [value] : []))
const bundled = bom.components.filter((component) => !partsOf(component).includes('installed'))
const listed = new Set(bom.components.map(nameOf))
/** Packages that the list has in one of the bundles, or for all of them. */
const inPart = (part: string) =>
  new Set(bom.components.filter((component) => partsOf(component).includes(part)).map(nameOf))

const filesIn = (folder: string, ending: string) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
const packageIn = (path: string) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]

/** The packages that the source maps in a folder name. */
function packagesOfMaps(folder: string): string[] {
  const sources = filesIn(folder, '.map').flatMap((map) =>
    v
      .parse(v.object({ sources: v.array(v.string()) }), JSON.parse(readFileSync(map, 'utf8')))
      .sources.map((source) => resolve(dirname(map), source)),
  )
  return [...new Set(sources.flatMap((source) => packageIn(source) ?? []))]
}

test('it is CycloneDX 1.6 by its own schema', async () => {
  const problems = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)
  expect(problems).toBeNull()
  expect(bom.metadata.component).toMatchObject({ type: 'application', name: 'synapse-registration' })
  const whole = bom.dependencies.find(({ ref }) => ref === bom.metadata.component.purl)
  expect(whole?.dependsOn).toHaveLength(bom.components.length)
})

test('every package that the sources import is in it, in the version of the lock and with its licence', () => {
  const sources = ['.ts', '.svelte'].flatMap((ending) => filesIn(join(ROOT, 'src'), ending))
  const imported = new Set<string>()
  for (const file of sources) {
    if (/\.test\.ts$|\/src\/demo\//.test(file)) continue
    const from = /(?:^|\n)\s*(?:import|export)\s(?!type\b)[^'"()]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/g
    for (const [, once, late] of readFileSync(file, 'utf8').matchAll(from)) {
      const name = /^(?:@[a-z][^/]*\/)?[^/]+/.exec(once ?? late ?? '')?.[0] ?? ''
      if (!/^[.$]/.test(name) && !isBuiltin(name)) imported.add(name)
    }
  }
  expect(imported.size).toBeGreaterThan(25)
  expect([...imported].filter((name) => !listed.has(name))).toEqual([])
  for (const component of bom.components) {
    const places = Object.entries(locked).filter(([place]) => packageIn(place) === nameOf(component))
    expect(places.map(([, { version }]) => version)).toContain(component.version)
    expect(decodeURIComponent(component.purl)).toBe(`pkg:npm/${nameOf(component)}@${component.version}`)
  }
})

test('and so is every package of which something stands in the server, by its source maps', () => {
  const found = packagesOfMaps(BUILD)
  expect(found.length).toBeGreaterThan(40)
  const server = inPart('server')
  expect(found.filter((name) => !server.has(name))).toEqual([])
  // What Vite itself puts there, before.
  for (const name of ['svelte', 'svelte-email', '@sveltejs/kit', '@sveltejs/adapter-node'])
    expect([name, server.has(name)]).toEqual([name, true])
})

test('and in the command line, by the source maps of the same bundle made once more', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'))
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
  const args = ['build', '-c', 'vite.cli.config.ts', '--mode', 'cli', '--sourcemap', '--outDir', folder]
  execFileSync(process.execPath, [vite, ...args, '--emptyOutDir'], { cwd: ROOT, stdio: 'pipe' })
  const found = packagesOfMaps(folder)
  rmSync(folder, { recursive: true })
  expect(found.length).toBeGreaterThan(40)
  const cli = inPart('cli')
  expect(found.filter((name) => !cli.has(name))).toEqual([])
}, 60_000)

test('and in the browser: scripts, workers and styles', () => {
  const client = inPart('client')
  for (const name of [
    'svelte',
    '@sveltejs/kit',
    '@trpc/client',
    '@simplewebauthn/browser',
    '@zxcvbn-ts/core',
    '@zxcvbn-ts/language-en',
    'altcha-lib',
    'tailwindcss',
    'daisyui',
    '@inlang/paraglide-js',
  ])
    expect([name, client.has(name)]).toEqual([name, true])
})

test('what is installed beside the bundles is in it, with what is made for other machines', () => {
  const installed = inPart('installed')
  const output = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const there = output.split('\n').flatMap((place) => packageIn(place) ?? [])
  expect(there).toEqual(expect.arrayContaining(['@libsql/client', 'libsql', '@node-rs/argon2']))
  expect(there.filter((name) => !installed.has(name))).toEqual([])
  const optional = bom.components.filter(({ scope }) => scope === 'optional').map(nameOf)
  expect(optional).toEqual(expect.arrayContaining(['@libsql/linux-x64-gnu', '@libsql/darwin-arm64']))
  expect(bundled.filter(({ scope }) => scope === 'optional')).toEqual([])
})

test('the licence of everything in the bundles is beside it, in its own words', () => {
  const sections = licences.split(/^-{80}\n(?=\S)/m)
  for (const component of bundled) {
    const title = `${nameOf(component)} ${component.version}`
    const at = sections.findIndex((section) => section.split('\n').includes(title))
    expect([title, at > 0]).toEqual([title, true])
    const words = sections.slice(at, at + 2).join('\n')
    expect([title, words]).toEqual([title, expect.stringMatching(/copyright|licen[sc]e/i)])
    expect([title, words.length > 600]).toEqual([title, true])
  }
  expect(licences).toContain('Copyright (c) 2023 Carsten Lebek')
})

test('nothing in the two says where or when they were made', () => {
  for (const file of [text, licences])
    for (const place of [ROOT, homedir(), tmpdir(), 'file:/'])
      expect(file.includes(place.length > 5 ? place : `${place}/`), place).toBe(false)
  expect(text).not.toMatch(/"timestamp"|"serialNumber"/)
  const names = bom.components.map(({ purl }) => purl)
  expect(new Set(names).size).toBe(names.length)
})

test('both are part of the package', () => {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: ROOT, encoding: 'utf8' })
  const [packed] = v.parse(
    v.array(v.object({ files: v.array(v.object({ path: v.string() })) })),
    JSON.parse(answer),
  )
  const paths = packed?.files.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['build/sbom.cdx.json', 'build/THIRD-PARTY-LICENSES.txt']))
})
