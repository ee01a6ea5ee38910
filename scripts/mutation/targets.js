const DECIDE = ['decide-exactly', 'decide', 'decide-verdict', 'decide-request', 'decide-talk'].map(
  (name) => `src/lib/registration/${name}.test.ts`,
)

/**
 * The files that hold the promises of the README, and for each the tests that have to notice a change in it: those that
 * are quick, the quickest first. `harmless` are the mutants that no test could or should notice, by their code as the run
 * prints it, and why.
 * @typedef {{ was: string, became: string, why: string }} Harmless
 * @typedef {{ file: string, tests: string[], harmless?: Harmless[] }} Target
 * @type {Target[]}
 */
export const targets = [
  {
    file: 'src/lib/registration/decide.ts',
    tests: DECIDE,
  },
  {
    file: 'src/lib/registration/decide-request.ts',
    tests: DECIDE,
  },
  {
    file: 'src/lib/registration/decide-talk.ts',
    tests: DECIDE,
  },
  {
    file: 'src/lib/registration/decide-verdict.ts',
    tests: DECIDE,
  },
  {
    file: 'src/lib/server/jobs/handlers.ts',
    tests: ['tests/server/job-guards.test.ts'],
  },
  {
    file: 'src/lib/server/jobs/account-jobs.ts',
    tests: [
      'tests/server/job-guards.test.ts',
      'tests/server/other-hands.test.ts',
      'tests/server/stopped.test.ts',
    ],
  },
  {
    file: 'src/lib/server/database/tokens.ts',
    tests: ['src/lib/server/auth/tokens.test.ts'],
  },
  {
    file: 'src/lib/server/database/moderator-tokens.ts',
    tests: ['tests/server/people.test.ts'],
  },
  {
    file: 'src/lib/server/rules.ts',
    tests: ['src/lib/server/rules.test.ts'],
  },
  {
    file: 'src/lib/server/auth/limits.ts',
    tests: ['src/lib/server/auth/limits.test.ts'],
  },
  {
    file: 'src/lib/server/database/attempts.ts',
    tests: ['src/lib/server/auth/limits.test.ts', 'tests/server/attempts.test.ts'],
  },
  {
    file: 'src/lib/server/request-guard.ts',
    tests: ['src/lib/server/request-guard.test.ts'],
  },
  {
    file: 'src/lib/server/request-origin.ts',
    tests: ['src/lib/server/request-origin.test.ts'],
  },
  {
    file: 'src/lib/server/auth/sessions.ts',
    tests: ['src/lib/server/auth/sessions.test.ts'],
  },
  {
    file: 'src/lib/server/auth/session-adapter.ts',
    tests: ['src/lib/server/auth/sessions.test.ts'],
  },
  {
    file: 'src/lib/server/database/sessions.ts',
    tests: ['src/lib/server/auth/sessions.test.ts', 'src/lib/server/auth/known-sessions.test.ts'],
  },
  {
    file: 'src/lib/server/reconcile.ts',
    tests: ['tests/server/reconcile.test.ts'],
  },
  {
    file: 'src/lib/server/mail/render.ts',
    tests: ['src/lib/server/mail/render.test.ts'],
  },
  {
    file: 'src/lib/server/trpc/t.ts',
    tests: ['tests/server/role.test.ts', 'tests/server/whose-page.test.ts'],
  },
]
