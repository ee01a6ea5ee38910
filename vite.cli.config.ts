import { fileURLToPath } from 'node:url'
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { noteBundled } from './scripts/bundled.js'
import { defineCommit } from './scripts/commit.js'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** What runs beside the site, from the same sources: `--mode cli` into build/cli, `--mode demo` into build/demo. */
export default defineConfig(({ mode }) => ({
  define: defineCommit(),
  plugins: [svelte({ configFile: false, preprocess: vitePreprocess() }), noteBundled(mode)],
  resolve: { alias: { $lib: path('./src/lib') } },
  publicDir: false,
  ssr: {
    noExternal: true,
    external: [
      '@libsql/client',
      'libsql',
      '@node-rs/argon2',
      ...(mode === 'demo' ? ['smtp-server', 'mailparser'] : []),
    ],
  },
  build: {
    ssr: true,
    outDir: `build/${mode}`,
    target: 'node20',
    rollupOptions: {
      input: { index: path(`./src/${mode}/index.ts`) },
      // All beside one another: some find package.json and the site from where they are.
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
}))
