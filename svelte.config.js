import adapter from '@sveltejs/adapter-node'
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { withRequire } from './scripts/builtin-requires.js'
import { writeErrorPage } from './scripts/error-page.js'

const out = process.env.BUILD_OUT ?? 'build'

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    files: { errorTemplate: writeErrorPage() },
    adapter: withRequire(adapter({ out, envPrefix: '' }), out),
    csp: {
      mode: 'nonce',
      directives: {
        'default-src': ['none'],
        'script-src': ['self'],
        'style-src': ['self'],
        'img-src': ['self', 'data:'],
        'font-src': ['self'],
        'connect-src': ['self'],
        'form-action': ['self'],
        'frame-src': ['self'],
        'frame-ancestors': ['none'],
        'base-uri': ['none'],
        'manifest-src': ['self'],
      },
    },
    // request-guard.ts asks the same and more, of every name that `hosts` allows, and refuses in words.
    csrf: { trustedOrigins: ['*'] },
    typescript: {
      config: (config) => {
        config.include.push(
          '../tests/**/*.ts',
          '../tests/**/*.js',
          '../scripts/**/*.js',
          '../*.config.ts',
          '../*.config.js',
        )
      },
    },
  },
}
