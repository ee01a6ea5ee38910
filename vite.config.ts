import { paraglideVitePlugin } from '@inlang/paraglide-js'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
      cookieName: 'language',
    }),
    tailwindcss(),
    sveltekit(),
  ],
  test: {
    include: ['src/**/*.test.ts', 'tests/homeserver/**/*.test.ts', 'tests/server/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
