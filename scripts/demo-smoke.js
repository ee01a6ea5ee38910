import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Starts the demo on free ports, requests each address that it prints, and stops it like a supervisor, with one
 * SIGTERM to the process that was started; then starts it again and stops it during the start. Exit code 0 if it
 * answered, stopped cleanly, and left no file behind.
 */
const folder = mkdtempSync(join(tmpdir(), 'demo-smoke-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
/** Kills everything that the demo started, if this script gives up. @param {NodeJS.Signals} signal */
const endAll = (signal) => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, signal)
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => {
    endAll('SIGTERM')
    process.exit(1)
  })

function startDemo() {
  const child = spawn('npm', ['run', 'demo', '--silent'], {
    env: { ...process.env, PORT: '0', TMPDIR: folder },
    detached: true,
  })
  let out = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (out += chunk))
  running.add(child)
  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    }),
  )
  return {
    out: () => out,
    /** Waits at most two minutes, and only while it is running. @param {() => boolean} condition */
    async until(condition) {
      const deadline = Date.now() + 120_000
      while (!condition() && running.has(child) && Date.now() < deadline) await delay(50)
    },
    /** Returns the exit code, or the signal that stopped it. */
    async stop() {
      if (child.pid !== undefined && running.has(child)) process.kill(child.pid, 'SIGTERM')
      return Promise.race([ended, delay(30_000, 'still running', { ref: false })])
    },
  }
}

/** @param {boolean} good @param {string} what @param {string} out */
function expect(good, what, out) {
  if (good) return
  console.error(`${out}\n${what}`)
  endAll('SIGKILL')
  process.exit(1)
}
const demosLeft = () => readdirSync(folder).filter((name) => name.includes('demo'))

const demo = startDemo()
await demo.until(() => demo.out().includes('Stop it with'))
const addresses = [...new Set(demo.out().match(/http:\/\/127\.0\.0\.1:\d+(?:\/admin)?/g) ?? [])]
const answers = await Promise.all(addresses.map(async (address) => (await fetch(address)).status))
console.log(addresses.map((address, index) => `${address}: ${answers[index]}`).join('\n'))
const code = await demo.stop()
expect(
  addresses.length === 3 && answers.every((status) => status === 200),
  'The demo did not answer',
  demo.out(),
)
expect(code === 0, `The demo exited with ${code}`, demo.out())
expect(demosLeft().length === 0, `The demo left ${demosLeft().join(', ')}`, demo.out())

const early = startDemo()
await early.until(() => demosLeft().length > 0)
const earlyCode = await early.stop()
expect(
  !early.out().includes('Stop it with') && earlyCode !== 'still running',
  `The demo did not stop while it was starting (${earlyCode})`,
  early.out(),
)
expect(demosLeft().length === 0, `A demo that was stopped early left ${demosLeft().join(', ')}`, early.out())
console.log('It stops cleanly, even while it is starting')
