const DECIDE = ['exactly', '', 'verdict', 'request', 'talk', 'probation'].map(
  (part) => `src/lib/registration/decide${part === '' ? '' : `-${part}`}.test.ts`,
)
const GUARDS = ['tests/server/job-guards.test.ts']
const ACCOUNTS = ['src/lib/server/jobs/account-jobs.test.ts', 'tests/server/probation.test.ts']
const ofKind = (/** @type {string} */ name) => ({
  file: `src/lib/server/jobs/kinds/${name}.ts`,
  tests: GUARDS,
})

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
    harmless: [
      {
        was: 'return again?.ok === true ? { ...again, events } : again',
        became: 'return true ? { ...again, events } : again',
        why: 'Asked for by the types: in these three states there always is a password to ask for again.',
      },
    ],
  },
  {
    file: 'src/lib/registration/decide-request.ts',
    tests: DECIDE,
    harmless: [
      {
        was: 'if (came !== null && voucher !== null)',
        became: 'if ((voucher !== null))',
        why: 'Asked for by the types: without an invitation nobody vouches.',
      },
    ],
  },
  {
    file: 'src/lib/registration/decide-talk.ts',
    tests: DECIDE,
    harmless: [
      {
        was: 'return by === null || at === null || now >= at + claimMs ? null : { by, at }',
        became: 'return (by === null) || now >= at + claimMs ? null : { by, at }',
        why: 'Asked for by the types: a claim of no time is as old as 1970.',
      },
    ],
  },
  {
    file: 'src/lib/registration/decide-verdict.ts',
    tests: DECIDE,
  },
  {
    file: 'src/lib/server/jobs/run.ts',
    tests: GUARDS,
    harmless: [
      {
        was: 'registrationId === null',
        became: 'false',
        why: 'Saves a look: no registration has null for its id.',
      },
    ],
  },
  ...['bind-address', 'join-room', 'notify-moderators'].map(ofKind),
  ...['warn-outage', 'warn-auto-join', 'warn-opening', 'mail'].map(ofKind),
  {
    ...ofKind('consent'),
    harmless: [
      {
        was: 'consentVersion !== null && consentVersion !== ticked &&',
        became: '(consentVersion !== null) &&',
        why: 'Saves a question: of two that are the same, either is recorded.',
      },
    ],
  },
  { file: 'src/lib/server/jobs/account-signs.ts', tests: ACCOUNTS },
  { file: 'src/lib/server/jobs/kinds/open-account.ts', tests: ACCOUNTS },
  {
    file: 'src/lib/server/jobs/kinds/remove-account.ts',
    tests: ACCOUNTS,
    harmless: [
      {
        was: 'const holder = entry.registrationId === null ? null : await registrar.find(entry.registrationId)',
        became: 'const holder = false ? null : await registrar.find(entry.registrationId)',
        why: 'Saves a look: no registration has null for its id.',
      },
      {
        was: "const gone = account === null && entry.state === 'claiming'",
        became: "const gone = (entry.state === 'claiming')",
        why: 'One that is there and being claimed became a doubt before.',
      },
    ],
  },
  { file: 'src/lib/server/jobs/kinds/lock-account.ts', tests: ACCOUNTS },
  {
    file: 'src/lib/server/database/tokens.ts',
    tests: ['src/lib/server/crypto/tokens.test.ts'],
  },
  {
    file: 'src/lib/server/database/moderator-tokens.ts',
    tests: ['src/lib/server/database/moderator-tokens.test.ts'],
  },
  {
    file: 'src/lib/server/database/factors.ts',
    tests: ['src/lib/server/database/moderator-tokens.test.ts', 'tests/server/factors.test.ts'],
  },
  {
    file: 'src/lib/moderation/rule-value.ts',
    tests: ['rule', 'rule-kind']
      .map((name) => `src/lib/moderation/${name}.test.ts`)
      .concat('src/lib/server/rules/matcher.test.ts'),
    harmless: [
      {
        was: '.filter(({ family, prefix }) => family === network.family && prefix <= network.prefix)',
        became: '.filter(({ family, prefix }) => (prefix <= network.prefix))',
        why: 'Saves look-ups: the keys of the other family are in no rule.',
      },
    ],
  },
  {
    file: 'src/lib/server/rules/matcher.ts',
    tests: ['src/lib/server/rules/matcher.test.ts'],
    harmless: [
      {
        was: 'const ORDERED = Object.keys(RULE_VALUES).flatMap((name) => readRuleKind(name) ?? [])',
        became: 'const ORDERED = Object.keys(RULE_VALUES).flatMap((name) => (readRuleKind(name)))',
        why: 'Asked for by the types: each name is that of a kind.',
      },
      {
        was: "const EXACT = ORDERED.filter((kind) => RULE_KINDS[kind].form !== 'pattern')",
        became: 'const EXACT = ORDERED',
        why: 'Saves look-ups: patterns are in no index.',
      },
      {
        was: "const EXACT = ORDERED.filter((kind) => RULE_KINDS[kind].form !== 'pattern')",
        became: 'const EXACT = ORDERED.filter((kind) => true)',
        why: 'Saves look-ups: patterns are in no index.',
      },
      {
        was: 'return disposableEmailBlocklist() .map(parseDomain) .filter((domain) => domain !== null)',
        became: 'return disposableEmailBlocklist() .map(parseDomain)',
        why: 'Every line of the list is a domain today.',
      },
      {
        was: '.filter((domain) => domain !== null)',
        became: '.filter((domain) => true)',
        why: 'Every line of the list is a domain today.',
      },
      {
        was: 'return RE2JS.compile(value, RE2JS.CASE_INSENSITIVE).programSize() <= PATTERN_STEPS',
        became: 'return RE2JS.compile(value, RE2JS.CASE_INSENSITIVE).programSize() < PATTERN_STEPS',
        why: 'One step more or less of a thousand is as quick.',
      },
      {
        was: 'if (error instanceof RE2JSException) return false',
        became: 'if (true) return false',
        why: 'The engine throws nothing else at a text.',
      },
      { was: 'throw error', became: ';', why: 'The engine throws nothing else at a text.' },
      { was: "'allow', 'block',", became: "'block',", why: 'What is on no list sorts before all that is.' },
    ],
  },
  {
    file: 'src/lib/server/rate-limits/rate-limiter.ts',
    tests: ['src/lib/server/rate-limits/rate-limiter.test.ts'],
    harmless: [
      {
        was: 'const wait = waits[index] ?? 0',
        became: 'const wait = (waits[index])',
        why: 'Asked for by the types: there is one for each.',
      },
      {
        was: 'if (wait === 0) continue',
        became: 'if (false) continue',
        why: 'Saves memory: what is noted until now is over.',
      },
      {
        was: 'refusedUntil.delete(key)',
        became: ';',
        why: 'Who is noted no more is asked of the writer, who refuses as well.',
      },
      ...[
        'false',
        '(refusedUntil.size > MOST_NOTED)',
        'oldest !== undefined && refusedUntil.size >= MOST_NOTED',
      ].map((when) => ({
        was: 'if (oldest !== undefined && refusedUntil.size > MOST_NOTED) refusedUntil.delete(oldest)',
        became: `if (${when}) refusedUntil.delete(oldest)`,
        why: 'Bounds memory; one more or less is as good.',
      })),
      ...[
        'true',
        'asked.some(({ key }) => (refusedUntil.get(key) ?? 0) >= begun)',
        'asked.some(({ key }) => true)',
        'asked.some(({ key }) => ((refusedUntil.get(key))) > begun)',
      ].map((when) => ({
        was: 'if (asked.some(({ key }) => (refusedUntil.get(key) ?? 0) > begun)) {',
        became: `if (${when}) {`,
        why: 'Saves the writer; who looks first for nothing is let through or refused just the same.',
      })),
    ],
  },
  {
    file: 'src/lib/server/database/attempts.ts',
    tests: ['src/lib/server/database/attempts.test.ts'],
    harmless: [
      {
        was: 'if (shared.length > 0) await attemptShare(tx).run({ shared: JSON.stringify(shared) })',
        became: 'if (true) await attemptShare(tx).run({ shared: JSON.stringify(shared) })',
        why: 'Saves a statement that changes nothing.',
      },
      {
        was: 'if (shared.length > 0) await attemptShare(tx).run({ shared: JSON.stringify(shared) })',
        became: 'if (shared.length >= 0) await attemptShare(tx).run({ shared: JSON.stringify(shared) })',
        why: 'Saves a statement that changes nothing.',
      },
      {
        was: 'if (own.length > 0) await attemptInsert(tx).run({ own: JSON.stringify(own), at })',
        became: 'if (true) await attemptInsert(tx).run({ own: JSON.stringify(own), at })',
        why: 'Saves a statement that changes nothing.',
      },
      {
        was: 'if (own.length > 0) await attemptInsert(tx).run({ own: JSON.stringify(own), at })',
        became: 'if (own.length >= 0) await attemptInsert(tx).run({ own: JSON.stringify(own), at })',
        why: 'Saves a statement that changes nothing.',
      },
      {
        was: 'eq(attempts.key, key), gt(attempts.at, now - stepMs * steps),',
        became: 'eq(attempts.key, key),',
        why: 'Saves rows: what is older is in no step that is answered.',
      },
      {
        was: 'gt(attempts.at, now - stepMs * steps),',
        became: 'gte(attempts.at, now - stepMs * steps),',
        why: 'Saves rows: what is older is in no step that is answered.',
      },
      {
        was: 'await tx.delete(attempts).where(and(eq(attempts.key, key), lte(attempts.count, 0)))',
        became: 'await tx.delete(attempts).where(and(lte(attempts.count, 0)))',
        why: 'No other row has a count of nothing.',
      },
    ],
  },
  {
    file: 'src/lib/server/http/request-guard.ts',
    tests: ['src/lib/server/http/request-guard.test.ts'],
    harmless: [
      {
        was: "return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''",
        became: "return ((headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase())",
        why: 'Asked for by the types, and never so.',
      },
      {
        was: "error instanceof Error && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET'",
        became: "(error instanceof Error && error.message === 'aborted') && error.code === 'ECONNRESET'",
        why: 'Asked for by the types: what is not there is another code, too.',
      },
    ],
  },
  {
    file: 'src/lib/server/http/request-origin.ts',
    tests: ['src/lib/server/http/request-origin.test.ts'],
    harmless: [
      {
        was: 'return port === portOf(page) && !(page.host === site.host && page.protocol !== site.protocol)',
        became: 'return port === portOf(page) && !((page.host === site.host))',
        why: 'Of one host and one scheme it is the origin of the site, which was let through before.',
      },
      {
        was: "const from = originOf(headers.get('origin') ?? headers.get('referer') ?? '')",
        became: "const from = originOf((headers.get('origin') ?? headers.get('referer')))",
        why: 'Asked for by the types: null is no address either.',
      },
      {
        was: "name !== null && (/^(?:.+\\.)?localhost$|^127\\./.test(name) || name === '::1')",
        became: "((/^(?:.+\\.)?localhost$|^127\\./.test(name) || name === '::1'))",
        why: 'Asked for by the types: null is no such name either.',
      },
    ],
  },
  {
    file: 'src/lib/server/auth/sessions.ts',
    tests: ['src/lib/server/auth/sessions.test.ts'],
    harmless: [
      {
        was: "attributes: { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: attributes.maxAge ?? 0 },",
        became:
          "attributes: { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: (attributes.maxAge) },",
        why: 'Asked for by the types: Lucia sets it in each cookie.',
      },
      {
        was: 'getUserAttributes: ({ username, role, shortcuts, mustSetUp = false }) => ({',
        became: 'getUserAttributes: ({ username, role, shortcuts, mustSetUp = true }) => ({',
        why: 'Asked for by the types: the query always answers it.',
      },
    ],
  },
  {
    file: 'src/lib/server/auth/session-adapter.ts',
    tests: ['src/lib/server/auth/sessions.test.ts'],
    harmless: [
      {
        was: 'if (found === null) return [null, null]',
        became: 'if (found === null) return [null]',
        why: 'Without a session, Lucia does not look at the moderator.',
      },
    ],
  },
  {
    file: 'src/lib/server/database/sessions.ts',
    tests: ['src/lib/server/database/sessions.test.ts'],
  },
  {
    file: 'src/lib/server/registrations/reconcile.ts',
    tests: ['src/lib/server/registrations/reconcile.test.ts'],
    harmless: [
      {
        was: 'return found.sort((one, other) => (one.username < other.username ? -1 : 1))',
        became: 'return found.sort((one, other) => (one.username <= other.username ? -1 : 1))',
        why: 'No name is there twice.',
      },
    ],
  },
  {
    file: 'src/lib/server/mail/render.ts',
    tests: ['src/lib/server/mail/render.test.ts'],
    harmless: [
      {
        was: 'return { ...content, subject, ...(quote === undefined ? {} : { quote }) }',
        became: 'return { ...content, subject, ...(false ? {} : { quote }) }',
        why: 'Asked for by the types: undefined is as good as left out.',
      },
    ],
  },
  {
    file: 'src/lib/server/trpc/t.ts',
    tests: ['tests/server/procedures.test.ts'],
  },
]
