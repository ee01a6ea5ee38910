import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'
import validateExpression from 'spdx-expression-parse'
import { NOTES } from './bundled.js'
import { LEFT_OUT, licencesOf } from './licences.js'
import { installedBeside } from './installed-beside.js'

/**
 * Describes a finished build: a CycloneDX bill of materials, and the licenses of everything in the bundles. The same
 * sources and packages produce the same two files, on any machine and at any time.
 * @typedef {Record<string, unknown> & { name: string, version: string }} Manifest
 * @typedef {{ folder: string, manifest: Manifest, parts: Set<string> }} Bundled
 */

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, process.env.BUILD_OUT ?? 'build')

/** Text written here by a package, and so its work. */
const MADE_BY = /** @type {const} */ ([
  [/\/src\/lib\/paraglide\//, '@inlang/paraglide-js'],
  [/\/\.svelte-kit\/(?:generated|output\/server)\/|^\0virtual:__sveltekit\//, '@sveltejs/kit'],
  [/\/\.svelte-kit\/adapter-node\//, '@sveltejs/adapter-node'],
  [/^\0vite\//, 'vite'],
  [/^\0rolldown\//, 'rolldown'],
  [/^\0(?:commonjs|.*\?commonjs)/, '@rollup/plugin-commonjs'],
])

/** @param {string} file @returns {Manifest} */
const readManifest = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** @param {string} folder @returns {string[]} */
const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )

/** Every file that is part of a bundle, and its bundles. @returns {[file: string, part: string][]} */
function bundledFiles() {
  /** @type {[string, string][]} */
  const found = []
  for (const note of readdirSync(NOTES)) {
    const part = { 'ssr.json': 'server', 'cli.json': 'cli' }[note] ?? 'client'
    /** @type {string[]} */
    const files = JSON.parse(readFileSync(join(NOTES, note), 'utf8'))
    for (const file of files) found.push([file, part])
  }
  // The adapter bundles the server again, with packages that Vite leaves out, and accepts no plugin; but source
  // maps list the files.
  for (const map of filesIn(OUT).filter((file) => file.endsWith('.map'))) {
    /** @type {{ sources: string[] }} */
    const { sources } = JSON.parse(readFileSync(map, 'utf8'))
    for (const source of sources) found.push([resolve(dirname(map), source), 'server'])
  }
  for (const sheet of filesIn(join(ROOT, 'src')).filter((file) => file.endsWith('.css')))
    for (const [, name] of readFileSync(sheet, 'utf8').matchAll(
      /@(?:import|plugin)\s+['"]([@\w][^'"]*)['"]/g,
    ))
      found.push([join(ROOT, 'node_modules', name ?? '', 'package.json'), 'client'])
  return found
}

/** The folder of a file's package; null for our own sources. @param {string} file */
function packageOf(file) {
  const place = file.lastIndexOf('/node_modules/')
  if (place < 0 || file.startsWith('\0')) {
    const maker = MADE_BY.find(([pattern]) => pattern.test(file))?.[1]
    if (maker !== undefined) return join(ROOT, 'node_modules', maker)
    if (file.startsWith('\0'))
      throw new Error(`${JSON.stringify(file)} in the bundle belongs to no known package`)
    return null
  }
  const [first = '', second = ''] = file.slice(place + '/node_modules/'.length).split('/')
  return file.slice(0, place) + `/node_modules/${first.startsWith('@') ? `${first}/${second}` : first}`
}

/** @returns {Bundled[]} */
function bundledPackages() {
  /** @type {Map<string, Bundled>} */
  const packages = new Map()
  for (const [file, part] of bundledFiles()) {
    const folder = packageOf(file)
    if (folder === null) continue
    const known = packages.get(folder)
    if (known !== undefined) known.parts.add(part)
    else {
      const manifest = readManifest(join(folder, 'package.json'))
      packages.set(folder, { folder, manifest, parts: new Set([part]) })
    }
  }
  return [...packages.values()]
}

const builder = new Contrib.FromNodePackageJson.Builders.ComponentBuilder(
  new Contrib.FromNodePackageJson.Factories.ExternalReferenceFactory(),
  new Contrib.License.Factories.LicenseFactory(validateExpression),
)

/**
 * @param {Manifest} manifest
 * @param {string[]} parts where it is: `cli`, `client`, `server`; `installed` beside the bundles
 * @param {Enums.ComponentScope} scope
 */
function componentOf(manifest, parts, scope = Enums.ComponentScope.Required) {
  const left = LEFT_OUT[manifest.name]
  const component = builder.makeComponent({ ...(left && { license: left.license }), ...manifest })
  if (component === undefined) throw new Error(`${manifest.name} has no name`)
  if (component.licenses.size === 0) throw new Error(`${manifest.name} does not name its license`)
  const purl = `pkg:npm/${manifest.name.replace('@', '%40')}@${manifest.version}`
  component.purl = purl
  component.bomRef.value = purl
  component.scope = scope
  for (const part of parts) component.properties.add(new Models.Property('synapse-registration:part', part))
  return component
}

const own = readManifest(join(ROOT, 'package.json'))
const bundled = bundledPackages()
/** @type {Map<string, Models.Component>} */
const components = new Map()
/** @param {Models.Component} component */
const add = (component) => void components.set(component.purl ?? '', component)
for (const { manifest, parts } of bundled) add(componentOf(manifest, [...parts].sort()))
for (const { optional, ...manifest } of installedBeside(join(ROOT, 'package-lock.json')))
  add(
    componentOf(
      manifest,
      ['installed'],
      optional ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
    ),
  )

const program = componentOf(own, [])
program.type = Enums.ComponentType.Application
for (const component of components.values()) program.dependencies.add(component.bomRef)
const bom = new Models.Bom({
  metadata: new Models.Metadata({ component: program }),
  components: new Models.ComponentRepository(components.values()),
})
const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6))
const options = { sortLists: true, space: 2 }
writeFileSync(join(OUT, 'sbom.cdx.json'), `${serializer.serialize(bom, options)}\n`)
writeFileSync(join(OUT, 'THIRD-PARTY-LICENSES.txt'), licencesOf(bundled))
// This build's notes do not apply to the next one.
if (existsSync(NOTES)) rmSync(NOTES, { recursive: true })
process.stdout.write(
  `${relative(ROOT, OUT)}: ${bundled.length} packages in the bundles, ${components.size - bundled.length} beside them\n`,
)
