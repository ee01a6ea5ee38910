import importX from 'eslint-plugin-import-x'
import svelte from 'eslint-plugin-svelte'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

const server = (/** @type {string} */ name) => `./src/lib/server/${name}`

/** Which way imports point (README, "Where things are"): a room may not import from the rooms named here. */
const zones = [
  {
    target: './src/lib/registration',
    from: ['./src/lib/server', './src/lib/components', './src/lib/paraglide', './src/lib/trpc.ts', './src/routes', './src/cli'],
    message: 'The domain imports nothing of ours.',
  },
  {
    target: './src/lib',
    from: ['./src/routes', './src/cli', './src/hooks.server.ts'],
    message: 'Nothing imports routes or commands.',
  },
  {
    target: [server('database'), server('homeserver'), server('mail'), server('config'), server('auth')],
    from: [server('trpc'), server('jobs'), server('registrar.ts'), server('applicant.ts'), server('app.ts')],
    message: 'The world outside does not know who uses it.',
  },
  {
    target: [server('jobs'), server('registrar.ts'), server('applicant.ts')],
    from: [server('trpc'), server('app.ts')],
    message: 'trpc stands on the registrar, not under it.',
  },
  { target: './src/cli', from: './src/routes', message: 'Commands stand beside the pages.' },
]

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'node_modules/', 'src/lib/paraglide/', 'test-results/', 'drizzle/'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] } },
    settings: {
      'import-x/resolver-next': [],
    },
  },
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
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-restricted-paths': ['error', { zones }],
    },
  },
  { files: ['src/routes/**'], rules: { 'svelte/no-navigation-without-resolve': 'off' } },
)
