import svelte from 'eslint-plugin-svelte'
import ts from 'typescript-eslint'
import { auditLogOnly } from './scripts/audit-log-only.js'
import { importDirections } from './scripts/import-directions.js'
import { permissionsOnly } from './scripts/permissions-only.js'
import svelteConfig from './svelte.config.js'

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
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    ignores: ['**/*.test.ts'],
    plugins: {
      project: {
        rules: {
          'audit-log-only': auditLogOnly,
          'import-directions': importDirections,
          'permissions-only': permissionsOnly,
        },
      },
    },
    rules: {
      'project/audit-log-only': 'error',
      'project/import-directions': 'error',
      'project/permissions-only': 'error',
    },
  },
)
