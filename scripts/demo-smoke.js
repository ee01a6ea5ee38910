import { spawn } from 'node:child_process'

/** Starts the demo on free ports, asks each address that it prints, and ends it: exit code 0 when all of that worked. */
const child = spawn('npm', ['run', 'demo', '--silent'], {
  env: { ...process.env, PORT: '0' },
  detached: true,
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
if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
const code = await Promise.race([
  ended,
  new Promise((resolve) => setTimeout(() => resolve('still running'), 30_000)),
])
const good = addresses.length === 3 && answers.every((status) => status === 200) && code !== 'still running'
if (!good) console.error(`${out}\nThe demo did not answer or did not end (${code})`)
process.exit(good ? 0 : 1)
