import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))

await runnerImport(path('./index.ts'), {
  configFile: false,
  logLevel: 'error',
  resolve: { alias: { $lib: path('../../src/lib') } },
})
