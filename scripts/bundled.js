import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a build records its files, for `bill-of-materials.js`. */
export const NOTES = join(import.meta.dirname, '../.svelte-kit/bundled')

/**
 * A Vite plugin that records the files of each bundle: one list per bundle, named by the build (`client`, `ssr`,
 * `cli`, and each worker).
 * @param {string} [build] the name, where Vite's own name of the environment says too little
 * @returns {import('vite').Plugin}
 */
export function noteBundled(build) {
  return {
    name: 'note-bundled',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? [file] : []))
      const files = chunks.flatMap(({ modules }) =>
        Object.entries(modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])),
      )
      const entry = chunks.find(({ isEntry }) => isEntry)?.name ?? ''
      const name = build === 'worker' ? `worker ${entry}` : (build ?? this.environment.name)
      mkdirSync(NOTES, { recursive: true })
      writeFileSync(join(NOTES, `${name}.json`), JSON.stringify([...new Set(files)].sort()))
    },
  }
}
