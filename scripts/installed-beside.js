import { readFileSync } from 'node:fs'

/**
 * What `npm ci --omit=dev` installs beside the bundles according to the lockfile, on any platform. `optional`: for
 * one platform each, or not required.
 * @typedef {{ version?: string, license?: string, dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>, peerDependencies?: Record<string, string>, optional?: boolean, peer?: boolean }} Locked
 * @param {string} lockFile
 * @returns {{ name: string, version: string, license: string, optional: boolean }[]}
 */
export function installedBeside(lockFile) {
  /** @type {{ packages: Record<string, Locked> }} */
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'))
  /** @type {Set<string>} */
  const places = new Set()

  /** Where Node resolves a package from the location of another one. @param {string} from @param {string} name */
  function placeOf(from, name) {
    for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
      const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`
      if (packages[place] !== undefined) return place
      if (at === '') return null
    }
  }

  /** @param {string} from */
  function follow(from) {
    const { dependencies = {}, optionalDependencies = {} } = packages[from] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(from, name)
      if (place === null || places.has(place)) continue
      places.add(place)
      follow(place)
    }
  }
  follow('')

  return [...places].sort().map((place) => {
    const { version = '', license = '', optional = false } = packages[place] ?? {}
    return {
      name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license,
      optional,
    }
  })
}
