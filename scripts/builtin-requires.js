import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What makes `require` work in a module; on the first line, so that source maps keep their lines. */
const DECLARED =
  "import { createRequire as createBuiltinRequire } from 'node:module'; const require = createBuiltinRequire(import.meta.url); "

/**
 * The adapter, and what it bundles can `require` modules of Node. Its Rollup leaves every `require` within a `try` as
 * it is (`ignoreTryCatch` of the commonjs plugin), as an optional package; where it then runs, in a module, `require`
 * is not defined, and packages lose without a word what they have only in Node.
 * @param {import('@sveltejs/kit').Adapter} adapter
 * @param {string} out the folder that it writes into
 * @returns {import('@sveltejs/kit').Adapter}
 */
export function withRequire(adapter, out) {
  return {
    ...adapter,
    async adapt(builder) {
      await adapter.adapt(builder)
      const entries = readdirSync(join(out, 'server'), { withFileTypes: true, recursive: true })
      for (const entry of entries) {
        if (!entry.isFile() || !entry.name.endsWith('.js')) continue
        const path = join(entry.parentPath, entry.name)
        const code = readFileSync(path, 'utf8')
        if (/(?<![\w.$])require\(/.test(code)) writeFileSync(path, DECLARED + code)
      }
    },
  }
}
