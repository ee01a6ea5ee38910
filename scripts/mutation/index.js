import { fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '@inlang/paraglide-js'
import { paraglide } from '../messages.js'
import { mutantsOf } from './mutants.js'
import { targets } from './targets.js'

/**
 * Changes the files that hold the promises, one small change at a time, and tells which changes no test notices: in copies
 * of the tree, two at a time. Fails where one of them is not known to be harmless, and where the tests are red
 * without any change. Arguments are files to look at; without any, all are.
 * @typedef {import('./mutants.js').Mutant} Mutant
 * @typedef {import('./targets.js').Target} Target
 */
const HANDS = Number(process.env['MUTATION_HANDS'] ?? 2)
/** A change can make an endless loop: it has so many times what the tests take without it, and some time more. */
const TIMES = 4
const MORE_MS = 30_000
/** What the tests may take without a change. */
const LONGEST_MS = 10 * 60_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const LEFT_OUT = /^(?:\.git|node_modules|build.*|test-results|\.vite|paraglide)$/

const copies = mkdtempSync(join(tmpdir(), 'registration-mutation-'))
const texts = join(copies, 'texts')
/** @type {Set<import('node:child_process').ChildProcess>} */
const workers = new Set()
process.on('exit', () => {
  for (const worker of workers) end(worker)
  rmSync(copies, { recursive: true, force: true })
})
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
]))
  process.once(signal, () => process.exit(code))

/** A worker and what it started are a group of their own. @param {import('node:child_process').ChildProcess} worker */
function end(worker) {
  workers.delete(worker)
  try {
    if (worker.pid !== undefined) process.kill(-worker.pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** A copy of the tree, and who runs tests in it. @param {number} number */
function createHand(number) {
  const copy = join(copies, String(number))
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => resolve(path) === resolve(root) || !LEFT_OUT.test(basename(path)),
  })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  cpSync(texts, join(copy, 'src/lib/paraglide'), { recursive: true })
  /** @type {Promise<import('node:child_process').ChildProcess> | null} */
  let started = null

  const start = () =>
    /** @type {Promise<import('node:child_process').ChildProcess>} */ (
      new Promise((ready, fail) => {
        const worker = fork(join(copy, 'scripts/mutation/worker.js'), { cwd: copy, detached: true })
        workers.add(worker)
        worker.once('message', () => ready(worker))
        worker.once('exit', () => fail(new Error('The worker ended before it could run a test')))
      })
    )

  /** What is red with this text in place of a file; null: nothing. @param {Target} target @param {string} text @param {number} [patience] in milliseconds @returns {Promise<string | null>} */
  return async function firstRed({ file, tests }, text, patience = LONGEST_MS) {
    started ??= start()
    const worker = await started
    return new Promise((answer, fail) => {
      const limit = setTimeout(() => settle(() => answer('It took too long'), true), patience)
      const onMessage = (/** @type {{ failed: string | null }} */ { failed }) => settle(() => answer(failed))
      const onExit = () => settle(() => fail(new Error(`The worker ended at ${file}`)), true)
      /** @param {() => void} how @param {boolean} [gone] */
      const settle = (how, gone = false) => {
        clearTimeout(limit)
        worker.off('message', onMessage).off('exit', onExit)
        if (gone) {
          end(worker)
          started = null
        }
        how()
      }
      worker.on('message', onMessage).on('exit', onExit)
      worker.send({ file, text, tests })
    })
  }
}

/** @param {Target} target @param {ReturnType<typeof createHand>} firstRed */
async function survivorsOf(target, firstRed) {
  const source = sources.get(target.file) ?? ''
  const mutants = mutantsOf(source)
  const begun = Date.now()
  /** @type {Mutant[]} */
  const survivors = []
  let red = await firstRed(target, source)
  if (red !== null) return { mutants, survivors, red }
  const patience = TIMES * (Date.now() - begun) + MORE_MS
  for (const mutant of mutants) {
    const killer = await firstRed(target, mutant.text, patience)
    if (process.env['MUTATION_VERBOSE'])
      console.log(`${target.file}:${mutant.line}  ${mutant.became}\n    ${killer}`)
    if (killer === null) survivors.push(mutant)
  }
  // Had they become red by themselves meanwhile, nothing would have survived.
  red = await firstRed(target, source)
  const seconds = Math.round((Date.now() - begun) / 1000)
  console.log(`${target.file}: ${mutants.length} changes, ${survivors.length} unnoticed, ${seconds} s`)
  return { mutants, survivors, red }
}

/** Prints what is not known to be harmless; answers how many those are, and entries that fit nothing. Where the tests are red without any change, nothing is known. @param {Target} target @param {Awaited<ReturnType<typeof survivorsOf>>} found */
function judge({ file, harmless = [] }, { mutants, survivors, red }) {
  if (red !== null) {
    console.log(`${file}: its tests are red without any change: ${red}`)
    return 1
  }
  /** @type {(one: { was: string, became: string }) => (other: { was: string, became: string }) => boolean} */
  const same = (one) => (other) => one.was === other.was && one.became === other.became
  const bad = survivors.filter((mutant) => !harmless.some(same(mutant)))
  for (const { line, was, became } of bad) console.log(`  ${file}:${line}\n    - ${was}\n    + ${became}`)
  const stale = harmless.filter((entry) => !mutants.some(same(entry)))
  for (const { was, became } of stale)
    console.log(
      `  ${file}: listed as harmless, but there is no such change any more\n    - ${was}\n    + ${became}`,
    )
  return bad.length + stale.length
}

const asked = process.argv.slice(2)
const queue = targets.filter(({ file }) => asked.length === 0 || asked.includes(file))
const missing = [
  ...asked.filter((file) => !targets.some((target) => target.file === file)),
  ...queue.map(({ file }) => file).filter((file) => !existsSync(join(root, file))),
]
if (missing.length > 0)
  throw new Error(`Not among the files of scripts/mutation/targets.js, or not there: ${missing.join(', ')}`)

// A file for each text would have to be read anew for each change.
await compile({
  ...paraglide,
  project: join(root, paraglide.project),
  outdir: texts,
  outputStructure: 'locale-modules',
})
// As they are now: somebody may go on working in the tree.
const sources = new Map(queue.map(({ file }) => [file, readFileSync(join(root, file), 'utf8')]))
let failed = 0
await Promise.all(
  Array.from({ length: Math.min(HANDS, queue.length) }, async (_, number) => {
    const firstRed = createHand(number)
    for (let target = queue.shift(); target !== undefined; target = queue.shift())
      failed += judge(target, await survivorsOf(target, firstRed))
  }),
)
console.log(failed === 0 ? 'No change went unnoticed that matters' : `${failed} changes to look at`)
process.exit(failed === 0 ? 0 : 1)
