import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))

const domain = ['lib/network', 'lib/registration', 'lib/moderation']
const words = [...domain, 'lib/text', 'lib/paraglide']
const server = (/** @type {string[]} */ ...names) => names.map((name) => `lib/server/${name}`)

/**
 * What each folder of `src` may import besides itself, from the ground up; folders below it count as well
 * (CONTRIBUTING.md has the map). A new file is held to the line of its folder, and a new folder to nothing at all
 * until it has a line.
 * @type {Record<string, string[]>}
 */
export const MAY_IMPORT = {
  // The domain is pure and runs anywhere.
  'lib/network': [],
  'lib/registration': [],
  'lib/moderation': ['lib/network', 'lib/registration'],
  // Words for pages, mails and messages.
  'lib/text': [...domain, 'lib/paraglide'],
  // Pieces of pages.
  'lib/browser': [...words, 'lib/trpc'],
  'lib/components': [...words, 'lib/browser'],

  'lib/server/concurrency': [],
  'lib/server/text': [],
  'lib/server/crypto': domain,
  'lib/server/database': [...domain, ...server('concurrency', 'crypto')],
  'lib/server/homeserver': [...domain, ...server('version')],
  'lib/server/logging': [...domain, ...server('database', 'homeserver')],
  'lib/server/config': [...words, ...server('text')],
  'lib/server/mail': [...words, ...server('config', 'text')],
  'lib/server/statistics': [...domain, ...server('database')],
  'lib/server/rate-limits': [...domain, ...server('database')],
  'lib/server/auth': [...domain, ...server('crypto', 'database', 'rate-limits')],
  'lib/server/rules': [...domain, ...server('concurrency', 'config', 'database')],
  'lib/server/intake': [...domain, ...server('config', 'crypto', 'database', 'rate-limits')],
  'lib/server/registrations': [
    ...domain,
    ...server('concurrency', 'crypto', 'database', 'homeserver', 'intake', 'logging', 'rate-limits', 'rules'),
    ...server('text'),
  ],
  'lib/server/django': [...domain, ...server('auth', 'config', 'crypto', 'database', 'homeserver', 'rules')],
  'lib/server/outages': [...domain, ...server('database', 'homeserver', 'logging', 'mail', 'registrations')],
  'lib/server/jobs': [
    ...words,
    ...server('auth', 'crypto', 'database', 'homeserver', 'intake', 'logging', 'mail', 'outages'),
    ...server('registrations', 'text'),
  ],
  'lib/server/moderation': [
    ...words,
    ...server('concurrency', 'database', 'homeserver', 'jobs', 'logging', 'mail', 'registrations', 'text'),
  ],
  'lib/server/moderators-room': [...domain, ...server('auth', 'database', 'homeserver', 'registrations')],
  'lib/server/http': [
    ...words,
    ...server('concurrency', 'crypto', 'database', 'homeserver', 'logging', 'outages'),
  ],
  'lib/server/metrics': [
    ...domain,
    ...server('concurrency', 'database', 'homeserver', 'outages', 'registrations'),
  ],
  'lib/server/doctor': [
    ...domain,
    ...server('concurrency', 'config', 'crypto', 'database', 'homeserver', 'http', 'logging', 'mail'),
    ...server('rate-limits'),
  ],
  // The composition root: what stands beside the folders of the server.
  'lib/server': [...words, 'lib/server'],
  // The API has no way to the database or the homeserver but by the modules of what it is about.
  'lib/server/trpc': [
    ...domain,
    ...server('app', 'auth', 'crypto', 'http', 'intake', 'logging', 'metrics', 'moderation'),
    ...server('outages', 'rate-limits', 'registrations', 'rules', 'statistics'),
  ],

  // What stands directly in `lib`: the client of the API.
  lib: ['lib/server/trpc'],
  'stand-in': domain,
  // Which addresses pages have.
  params: [],
  // Pages ask the API (locals.api) and know nothing behind it.
  routes: [
    ...words,
    'app.css',
    'params',
    'lib/browser',
    'lib/components',
    'lib/trpc',
    ...server('http', 'trpc'),
  ],
  cli: [...words, 'lib/server'],
  demo: [...domain, 'lib/server', 'stand-in'],
  // The hooks of SvelteKit.
  '.': [...words, 'app', 'lib/server'],
}

const KNOWN = Object.keys(MAY_IMPORT)

/**
 * The line that a file is held to: that of its folder, or of the nearest one above it. In `lib/server`, where every
 * folder has a line of its own, null for a folder without one.
 * @param {string} file relative to `src`
 */
function folderOf(file) {
  const parts = dirname(file).split('/')
  for (let length = parts.length; length > 0; length--) {
    const folder = parts.slice(0, length).join('/')
    if (KNOWN.includes(folder)) return folder === 'lib/server' && length < parts.length ? null : folder
  }
  return null
}

/** @param {string} path @param {string} folder */
const isWithin = (path, folder) => path === folder || path.startsWith(`${folder}/`)

/**
 * Whether `file` may import `specifier`; both kinds of path, `./` and `$lib/`, whatever their spelling. Packages are
 * free.
 * @param {string} file relative to `src` @param {string} specifier
 */
function mayImport(file, specifier) {
  const target = specifier.startsWith('$lib')
    ? join('lib', specifier.slice('$lib'.length))
    : specifier.startsWith('.')
      ? join(dirname(file), specifier)
      : null
  if (target === null || target.startsWith('..')) return true
  const path = target.split(sep).join('/').replace(/\?.*$/, '')
  const folder = folderOf(file)
  if (folder === null) return false
  const own = folder === '.' || folder === 'lib' || folder === 'lib/server' ? [] : [folder]
  return [...own, ...(MAY_IMPORT[folder] ?? [])].some((one) => isWithin(path.replace(/\.[jt]s$/, ''), one))
}

/** The lint rule: imports go the way that MAY_IMPORT says. @type {import('eslint').Rule.RuleModule} */
export const importDirections = {
  create(context) {
    const file = relative(SOURCE, context.filename).split(sep).join('/')
    if (file.startsWith('..')) return {}
    /** @param {import('estree').Node | null | undefined} source */
    const look = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string' || mayImport(file, source.value))
        return
      const folder = folderOf(file)
      const message =
        folder === null
          ? 'This folder has no line in scripts/import-directions.js yet.'
          : `Files of ${folder} may not import this (scripts/import-directions.js).`
      context.report({ node: source, message })
    }
    return {
      ImportDeclaration: (node) => look(node.source),
      ImportExpression: (node) => look(node.source),
      ExportNamedDeclaration: (node) => look(node.source),
      ExportAllDeclaration: (node) => look(node.source),
    }
  },
}
