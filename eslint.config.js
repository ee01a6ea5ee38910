import svelte from 'eslint-plugin-svelte'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

/**
 * Which way imports point (README, "Where things are"): files of a room may not import what matches.
 * @param {string[]} files @param {string} regex @param {string} message
 */
const oneWay = (files, regex, message) => ({
  files,
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': /** @type {['error', object]} */ (['error', { patterns: [{ regex, message }] }]),
  },
})
const server = (/** @type {string[]} */ names) => names.map((name) => `src/lib/server/${name}`)

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'node_modules/', 'src/lib/paraglide/', 'test-results/', 'drizzle/'] },
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
  oneWay(
    ['src/lib/registration/**'],
    '^(?!\\./|valibot$)',
    'The domain imports nothing but itself and valibot.',
  ),
  oneWay(
    ['src/lib/components/**', 'src/lib/browser/**'],
    '/routes/|/cli/|^\\$app/server',
    'Pages stand on their pieces.',
  ),
  oneWay(
    server(['database/**', 'homeserver/**', 'mail/**', 'config/**', 'auth/**']),
    '/(trpc|jobs|registrar|applicant|account-setup|app|routes|cli)(/|$)',
    'The world outside does not know who uses it.',
  ),
  oneWay(
    server([
      'jobs/**',
      'registrar.ts',
      'applicant.ts',
      'account-setup.ts',
      'desk.ts',
      'doubts.ts',
      'reconcile.ts',
    ]),
    '/(trpc|app|routes|cli)(/|$)',
    'The API stands on these, not under them.',
  ),
  oneWay(
    ['src/routes/**'],
    '/server/(database|homeserver|jobs|registrar|applicant|mail|auth|config|app)(/|$)',
    'Pages ask the API (locals.api) and know nothing behind it.',
  ),
)
