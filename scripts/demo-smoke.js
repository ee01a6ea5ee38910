import { spawn } from 'node:child_process'

/**
 * Starts the demo on free ports, asks each address that it prints, and ends it as a supervisor would, with a SIGTERM to
 * the one process that it started: exit code 0 when all of that worked and the demo said 0, too.
 */
const child = spawn('npm', ['run', 'demo', '--silent'], {
  env: { ...process.env, PORT: '0' },
  detached: true,
})
/** Everything that the demo started: for when this script gives up. @param {NodeJS.Signals} signal */
function endAll(signal) {
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => {
    endAll('SIGTERM')
    process.exit(1)
  })
let out = ''
child.stdout.on('data', (chunk) => (out += chunk))
child.stderr.on('data', (chunk) => (out += chunk))
const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
const deadline = Date.now() + 120_000
while (!out.includes('Stop it with') && child.exitCode === null && Date.now() < deadline)
  await new Promise((resolve) => setTimeout(resolve, 200))

const addresses = [...new Set(out.match(/http:\/\/127\.0\.0\.1:\d+(?:\/admin)?/g) ?? [])]
const answers = await Promise.all(addresses.map(async (address) => (await fetch(address)).status))
console.log(addresses.map((address, index) => `${address}: ${answers[index]}`).join('\n'))
if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, 'SIGTERM')
const code = await Promise.race([
  ended,
  new Promise((resolve) => setTimeout(() => resolve('still running'), 30_000)),
])
if (code === 'still running') endAll('SIGKILL')
const good = addresses.length === 3 && answers.every((status) => status === 200) && code === 0
if (!good) console.error(`${out}\nThe demo did not answer or did not end well (${code})`)
process.exit(good ? 0 : 1)
