import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { runnerImport } from 'vite'

const PAGE = 'docs/settings.md'

/**
 * Writes docs/settings.md. A test fails while the page is not what this would write.
 * @param {(dist: string) => string} settingsDoc
 */
export async function settingsPage(settingsDoc) {
  const options = await prettier.resolveConfig(PAGE)
  return prettier.format(settingsDoc(readFileSync('config.dist.yaml', 'utf8')), {
    ...options,
    filepath: PAGE,
  })
}

if (process.argv[1] === import.meta.filename) {
  const $lib = fileURLToPath(new URL('../src/lib', import.meta.url))
  /** @type {{ module: typeof import('../src/lib/server/config/settings-doc') }} */
  const { module } = await runnerImport('./src/lib/server/config/settings-doc.ts', {
    configFile: false,
    resolve: { alias: { $lib } },
  })
  writeFileSync(PAGE, await settingsPage(module.settingsDoc))
}
