import { fileURLToPath } from 'node:url'
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The command line, from the same sources as the site, into build/cli. */
export default defineConfig({
  plugins: [svelte({ configFile: false, preprocess: vitePreprocess() })],
  resolve: { alias: { $lib: path('./src/lib') } },
  publicDir: false,
  ssr: { noExternal: true, external: ['@libsql/client', 'libsql', '@node-rs/argon2'] },
  build: {
    ssr: true,
    outDir: 'build/cli',
    target: 'node20',
    rollupOptions: { input: { index: path('./src/cli/index.ts') }, output: { entryFileNames: '[name].js' } },
  },
})
