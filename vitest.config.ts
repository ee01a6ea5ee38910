import { fileURLToPath } from 'node:url'
import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

/** A busy machine is late, and what is wrong stays wrong. */
const expect = { poll: { timeout: 15_000 } }
const shared = { testTimeout: 20_000, hookTimeout: 30_000, expect }

/** `unit` needs no build; `site` starts what `npm run build` made, as an operator would. */
export default defineConfig({
  plugins: [svelte({ configFile: false, preprocess: vitePreprocess() })],
  resolve: { alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) } },
  test: {
    // Vitest leaves one core alone, which on two of them halves the speed.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'unit',
          include: ['src/**/*.test.ts', 'tests/{homeserver,server}/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          include: ['tests/faults/crash/*.test.ts'],
          globalSetup: 'tests/faults/crash/build.ts',
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxConcurrency: 4,
          expect,
        },
      },
      { extends: true, test: { ...shared, name: 'site', include: ['tests/site/**/*.test.ts'] } },
    ],
  },
})
