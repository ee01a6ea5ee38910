import { compile } from '@inlang/paraglide-js'

/** How the messages in src/messages become code; the build uses the same. */
export const paraglide = {
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  /** @type {['cookie', 'preferredLanguage', 'baseLocale']} */
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'],
  cookieName: 'language',
  emitTsDeclarations: false,
}

if (process.argv[1] === import.meta.filename) await compile(paraglide)
