import { paraglideVitePlugin } from '@inlang/paraglide-js'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'
import { noteBundled } from './scripts/bundled.js'
import { defineCommit } from './scripts/commit.js'
import { paraglide } from './scripts/messages.js'

/** The build takes the texts as `scripts/messages.js` compiled them; in development they are watched. */
export default defineConfig(({ command }) => ({
  define: defineCommit(),
  plugins: [
    command === 'serve' ? paraglideVitePlugin(paraglide) : [],
    tailwindcss(),
    sveltekit(),
    noteBundled(),
  ],
  worker: { plugins: () => [noteBundled('worker')] },
}))
