import svelte from 'eslint-plugin-svelte'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

/** @typedef {{ regex: string, message: string }} Forbidden */

/** With one spelling for each path, the patterns below need to know no others. @type {Forbidden} */
const detour = {
  regex: '/\\.(/|$)|(^|/)(?!\\.\\./)[^/]+/\\.\\.(/|$)',
  message: 'Write the shortest path to it.',
}
const ending = '(?=/|\\.[jt]s$|$)'
/** Rooms as they look from a folder beside or below them, but not files of that name in the folder itself. */
const above = (/** @type {string} */ names) => `^(\\.\\./)+((lib/)?server/)?(${names})${ending}`
/** The same as they look from files that stand in one folder with them. */
const beside = (/** @type {string} */ names) => `^\\./(${names})${ending}`
const inServer = (/** @type {string} */ names) => `^\\$lib/server/(${names})${ending}`

/**
 * Which way imports point (README, "Where things are"): files of a room may not import what matches. Of two that name
 * the same file, the later holds alone.
 * @param {string[]} files @param {string[]} patterns @param {string} message
 */
const oneWay = (files, patterns, message) => ({
  files,
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': /** @type {['error', object]} */ ([
      'error',
      { patterns: [detour, ...patterns.map((regex) => ({ regex, message, caseSensitive: true }))] },
    ]),
  },
})
const server = (/** @type {string[]} */ names) => names.map((name) => `src/lib/server/${name}`)
const entrances = 'routes|cli|demo'
const users = 'trpc|jobs|registrar|applicant|account-setup|app'
const behind = 'database|homeserver|jobs|registrar|applicant|mail|auth|config|app'

export default ts.config(
  {
    ignores: [
      'build/',
      'build-crash/',
      '.svelte-kit/',
      'node_modules/',
      'src/lib/paraglide/',
      'test-results/',
      'drizzle/',
    ],
  },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // The site stands at the root of its host.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  oneWay(['src/*.ts'], [beside('routes')], 'Nothing imports a page.'),
  oneWay(['src/cli/**', 'src/demo/**'], [above('routes')], 'Nothing imports a page.'),
  oneWay(['src/lib/**'], [above(entrances)], 'Pages and commands stand on this, not under it.'),
  oneWay(
    ['src/lib/registration/**'],
    ['^(?!\\./[\\w-]+$|valibot$)'],
    'The domain imports nothing but itself and valibot.',
  ),
  oneWay(
    ['src/lib/components/**', 'src/lib/browser/**'],
    [above(entrances), '^\\$app/server'],
    'Pages stand on their pieces.',
  ),
  oneWay(
    server(['database/**', 'homeserver/**', 'mail/**', 'config/**', 'auth/**']),
    [above(`${users}|${entrances}`), inServer(users)],
    'The world outside does not know who uses it.',
  ),
  oneWay(
    server(['jobs/**']),
    [above(`trpc|app|${entrances}`), inServer('trpc|app')],
    'The API stands on these, not under them.',
  ),
  oneWay(
    server(['registrar*.ts', 'applicant.ts', 'account-setup.ts', 'desk.ts', 'doubts.ts', 'reconcile.ts']),
    [above(`trpc|app|${entrances}`), beside('trpc|app'), inServer('trpc|app')],
    'The API stands on these, not under them.',
  ),
  oneWay(
    ['src/routes/**'],
    [`^(\\.\\./)+lib/server/(${behind})${ending}`, inServer(behind), `^(\\.\\./)+(cli|demo)${ending}`],
    'Pages ask the API (locals.api) and know nothing behind it.',
  ),
)
