import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ensureChromium } from './chromium.js'

/** @typedef {{ status: string, fullName: string, failureMessages?: string[] }} VitestResult */
/** @typedef {{ name: string, assertionResults: VitestResult[] }} VitestFile */
/** @typedef {{ error?: { message?: string } }} PlaywrightResult */
/** @typedef {{ projectName: string, status: string, results: PlaywrightResult[] }} PlaywrightTest */
/** @typedef {{ file: string, title: string, tests: PlaywrightTest[] }} PlaywrightSpec */
/** @typedef {{ suites?: PlaywrightSuite[], specs?: PlaywrightSpec[] }} PlaywrightSuite */

/**
 * Every check and every test of the project, in order; all of them run, even after a failure. Ends with a line `N
 * passed, N failed`, in which each check counts as one.
 */
const MINUTE = 60_000
const reports = mkdtempSync(join(tmpdir(), 'registration-tests-'))
let passed = 0
let failed = 0
/** So much of a failure's own words stands at the end. */
const MOST_WORDS = 1_500
/** What failed and why, for the end of the output: what a step printed about it may be far above. @type {string[]} */
const failures = []
/** The process group of the running step. @type {number | undefined} */
let group

// Each step is its own process group, so that its time limit stops all of it; Ctrl+C here does not reach it
// automatically.
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
]))
  process.once(signal, () => {
    endStep(signal)
    process.exit(code)
  })
process.on('exit', () => rmSync(reports, { recursive: true, force: true }))

/** @param {NodeJS.Signals} signal */
function endStep(signal) {
  if (group !== undefined) process.kill(-group, signal)
}

/** @param {string} name @param {string} command @param {string[]} args @param {{ minutes?: number, env?: Record<string, string> }} [options] */
function run(name, command, args, { minutes = 5, env = {} } = {}) {
  console.log(`\n== ${name}`)
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', detached: true, env: { ...process.env, ...env } })
    group = child.pid
    const limit = setTimeout(() => {
      console.log(`== ${name} took more than ${minutes} minutes and was stopped`)
      endStep('SIGKILL')
    }, minutes * MINUTE)
    child.on('close', (code) => {
      group = undefined
      clearTimeout(limit)
      resolve(code === 0)
    })
  })
}

/** @param {string} name @param {string} command @param {string[]} args @param {{ minutes?: number }} [options] */
async function check(name, command, args, options) {
  const good = await run(name, command, args, options)
  if (good) passed++
  else fail(name)
  return good
}

/** @param {string} name */
function fail(name) {
  failed++
  failures.push(name)
}

/**
 * Counts a test runner's results; a runner that ran nothing, or reported nothing, has failed.
 * @param {string} step
 * @param {boolean} good
 * @param {number} yes
 * @param {string[]} no
 */
function count(step, good, yes, no) {
  passed += yes
  for (const name of no) fail(`${step}: ${name}`)
  if (no.length === 0 && (!good || yes === 0)) fail(step)
}

/** @param {string} project @param {number} minutes */
async function vitest(project, minutes) {
  const file = join(reports, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const good = await run(`Tests: ${project}`, 'npx', ['vitest', 'run', '--project', project, ...reporters], {
    minutes,
  })
  const report = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { numPassedTests: 0, testResults: [] }
  const failing = report.testResults.flatMap((/** @type {VitestFile} */ { name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages = [] }) =>
        withWords(`${relative('', name)}, ${fullName}`, failureMessages[0]),
      ),
  )
  count(project, good, report.numPassedTests, failing)
}

async function playwright() {
  const file = join(reports, 'browser.json')
  const args = ['playwright', 'test', '-c', 'tests/browser/playwright.config.ts', '--reporter=list,json']
  const good = await run('Tests: browser', 'npx', args, {
    minutes: 40,
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file },
  })
  const { stats, suites } = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { stats: { expected: 0 }, suites: [] }
  count('browser', good, stats.expected, suites.flatMap(failingSpecs))
}

/** @param {string} name @param {string} [words] */
const withWords = (name, words = '') =>
  [name, ...stripVTControlCharacters(words).slice(0, MOST_WORDS).split('\n')].join('\n    ').trimEnd()

/** A test that passed at its second try has failed. @param {PlaywrightSuite} suite @returns {string[]} */
function failingSpecs({ suites = [], specs = [] }) {
  const own = specs.flatMap(({ file, title, tests }) =>
    tests
      .filter(({ status }) => status === 'unexpected' || status === 'flaky')
      .map(({ projectName, results }) =>
        withWords(
          `[${projectName}] ${file}, ${title}`,
          results.find(({ error }) => error !== undefined)?.error?.message,
        ),
      ),
  )
  return [...own, ...suites.flatMap(failingSpecs)]
}

await check('Texts', 'node', ['scripts/messages.js'])
await check('SvelteKit', 'npx', ['svelte-kit', 'sync'])
await check('Types', 'npx', ['svelte-check', '--tsconfig', './tsconfig.json', '--fail-on-warnings'])
await check('Lint', 'npx', ['eslint', '.', '--max-warnings', '0'], { minutes: 10 })
await check('Unused code', 'npx', ['knip'])
await check('Format', 'npx', ['prettier', '--check', '--log-level', 'warn', '.'])
await vitest('unit', 20)
if (await check('Build', 'npm', ['run', 'build'])) {
  await vitest('site', 20)
  await vitest('faults', 15)
  await vitest('crash', 30)
  if (ensureChromium()) await playwright()
  else fail('Chromium')
  await check('The demo starts, answers and stops', 'node', ['scripts/demo-smoke.js'])
}
if (failures.length > 0) console.log(`\n${failures.map((name) => `Failed: ${name}`).join('\n')}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
