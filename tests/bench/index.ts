/**
 * Figures, each a ratio within one run where that can be: `node tests/bench/run.js`, after `npm run build`. With
 * SYNAPSE_URL and its companions set, the real Synapse is measured as well; with DJANGO, the Django program beside it.
 */
import { gzipSync } from 'node:zlib'
import { Agent } from 'node:http'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import { createSynapse } from '../../src/lib/server/homeserver/synapse'
import { parseUsername } from '../../src/lib/registration/username'
import { freePort, linkIn, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'
import { desk } from './desk'
import { djangoWizard, startDjango } from './django'
import { HEAP, load, overload, purge } from './load'
import { wave } from './wave'

const PASSWORD = 'seven quiet herons at dusk'
const REASON = 'I know two people from the repair café who are on your server.'
const AT_ONCE = 8

/** Runs a task so many times, so many at once; answers how many were done in a second. */
async function perSecond(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await task(next++)
    }),
  )
  return count / ((performance.now() - begun) / 1000)
}

const newName = () => `b${randomUUID().replaceAll('-', '').slice(0, 20)}`

let people = 0
/** Applicants come from networks of their own, as the proxy says that the site trusts. */
const newAddress = () => `10.${(++people >> 8) & 255}.${people & 255}.7`

/** One applicant from the name to the request, through HTTP and the mail, as a browser without JavaScript. */
async function wizard(
  site: Site,
  agent: Agent,
  last: Record<string, string> = { password: PASSWORD, reason: REASON },
): Promise<void> {
  const name = newName()
  const visitor = aVisitor(site.url, agent, { 'x-forwarded-for': newAddress() })
  const address = await visitor.submit(await visitor.get('/register'), { username: name })
  await visitor.submit(address, { email: `${name}@mail.test` })
  const link = linkIn(await site.mail.next(`${name}@mail.test`), '/register/verify/')
  const account = await visitor.submit(await visitor.get(new URL(link).pathname), {})
  const done = await visitor.submit(account, last)
  if (!done.path.startsWith('/register/status'))
    throw new Error(`A wizard ended on ${done.path} (${done.status})`)
}

/** The limits are for people, who are fewer; so many at once are a wave, in which each would have to bring a proof. */
const unlimited = {
  trust_proxy: true,
  rate_limit: { email_submission: 100_000, everybody_per_minute: 1_000_000 },
  registration: { max_waiting: 0, max_per_day: 0, proof_of_work: 'off' },
}
const agentOf = () => new Agent({ keepAlive: true, maxSockets: 64 })

function memoryOf({ pid }: ChildProcess): Promise<number> {
  return readFile(`/proc/${pid}/status`, 'utf8').then(
    (status) => Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  )
}

async function againstStandIn(wizards: number): Promise<void> {
  const site = await startSite({ config: unlimited, nodeArgs: HEAP })
  const agent = agentOf()
  const visitor = aVisitor(site.url, agent)
  await visitor.get('/')
  const idle = await memoryOf(site.process)
  await perSecond(100, AT_ONCE, () => wizard(site, agent))
  const readings: number[] = []
  let rate = 0
  const parts = 4
  for (let part = 0; part < parts; part++) {
    rate += (await perSecond(Math.ceil(wizards / parts), AT_ONCE, () => wizard(site, agent))) / parts
    readings.push(Math.round(await memoryOf(site.process)))
  }
  console.log(`Wizards per second, stand-in: ${rate.toFixed(1)} (${wizards} wizards, ${AT_ONCE} at once)`)
  console.log(`Memory: ${idle.toFixed(0)} MB idle; after each quarter of them: ${readings.join(', ')} MB`)
  await site.stop()
}

async function againstSynapse(wizards: number): Promise<void> {
  const { SYNAPSE_URL: server, SYNAPSE_DOMAIN: domain, SYNAPSE_ADMIN_TOKEN: token } = process.env
  if (server === undefined || domain === undefined || token === undefined)
    return console.log('No SYNAPSE_URL: the real Synapse is left out')
  const site = await startSite({
    config: unlimited,
    nodeArgs: HEAP,
    homeserver: { server, domain, admin_token: token },
  })
  const agent = agentOf()
  const synapse = createSynapse({ url: server, domain, token, verifyCert: true })
  const bare = async () => {
    const parsed = parseUsername(newName(), domain)
    if (!parsed.ok) throw new Error(parsed.refusal.code)
    const name = parsed.value
    await synapse.nameAnswer(name)
    await synapse.nameAnswer(name)
    await synapse.claim(name)
    await synapse.lock(name)
    await Promise.all([synapse.fill(name, PASSWORD), synapse.joinedRooms(name)])
  }
  const ratios: number[] = []
  await perSecond(20, AT_ONCE, bare)
  await perSecond(20, AT_ONCE, () => wizard(site, agent))
  for (let round = 0; round < 5; round++) {
    const loop = await perSecond(wizards, AT_ONCE, bare)
    const whole = await perSecond(wizards, AT_ONCE, () => wizard(site, agent))
    ratios.push(whole / loop)
    console.log(
      `Real Synapse, round ${round + 1}: wizards ${whole.toFixed(1)}/s, bare calls ${loop.toFixed(1)}/s, ratio ${(whole / loop).toFixed(2)}`,
    )
  }
  console.log(`Ratio to the bare loop, median: ${ratios.sort((a, b) => a - b)[2]?.toFixed(2)}`)
  await site.stop()
  return undefined
}

/**
 * The Django program beside this one, in turn, on one Synapse and one mail server: DJANGO names the folder `src` of its
 * checkout. Passwords come after the approval, as there, so that a wizard ends with the request.
 */
async function againstDjango(wizards: number): Promise<void> {
  const { DJANGO, SYNAPSE_URL: server, SYNAPSE_DOMAIN: domain, SYNAPSE_ADMIN_TOKEN: token } = process.env
  if (DJANGO === undefined || server === undefined || domain === undefined || token === undefined)
    return console.log('No DJANGO or no SYNAPSE_URL: the Django program is left out')
  const homeserver = { server, domain, admin_token: token }
  const later = { ...unlimited.registration, password: 'after_approval' }
  const site = await startSite({
    config: { ...unlimited, registration: later },
    nodeArgs: HEAP,
    homeserver,
  })
  const django = await startDjango(DJANGO, site.mail, homeserver)
  const agent = agentOf()
  const ours = () => wizard(site, agent, { reason: REASON })
  const theirs = () => djangoWizard(django, agent, newName(), newAddress(), REASON)
  await perSecond(50, AT_ONCE, ours)
  await perSecond(50, AT_ONCE, theirs)
  const rates: [number, number][] = []
  for (let round = 0; round < 5; round++)
    rates.push([await perSecond(wizards, AT_ONCE, ours), await perSecond(wizards, AT_ONCE, theirs)])
  console.log(
    `Wizards per second, password after approval: ${spread(rates.map(([one]) => one))}, Django ${spread(rates.map(([, other]) => other))}, ratio ${spread(rates.map(([one, other]) => one / other))}`,
  )
  await django.stop()
  await site.stop()
  return undefined
}

/** What a process has taken of the processor so far, in milliseconds. */
async function cpuOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) * 10
}

const median = (figures: number[]): number => [...figures].sort((a, b) => a - b)[figures.length >> 1] ?? NaN
const spread = (figures: number[]): string =>
  `${median(figures).toFixed(2)} (${Math.min(...figures).toFixed(2)} to ${Math.max(...figures).toFixed(2)})`

/**
 * This build beside that of another checkout, which OLD names: wizards in turn, and what each costs the program. GROWN: how
 * many requests wait already.
 */
async function againstOld(wizards: number): Promise<void> {
  const { OLD: old } = process.env
  const sites = [await startSite({ config: unlimited, nodeArgs: HEAP })]
  if (old !== undefined) sites.push(await startSite({ config: unlimited, nodeArgs: HEAP, root: old }))
  const agent = agentOf()
  const rates: number[][] = sites.map(() => [])
  const costs: number[][] = sites.map(() => [])
  for (const site of sites)
    await perSecond(Number(process.env.GROWN ?? 150), AT_ONCE, () => wizard(site, agent))
  for (let round = 0; round < 5; round++)
    for (const [index, site] of sites.entries()) {
      const before = await cpuOf(site.process)
      rates[index]?.push(await perSecond(wizards, AT_ONCE, () => wizard(site, agent)))
      costs[index]?.push(((await cpuOf(site.process)) - before) / wizards)
    }
  for (const [index, name] of ['new', 'old'].entries())
    if (rates[index] !== undefined)
      console.log(
        `${name}: wizards per second ${spread(rates[index] ?? [])}, processor per wizard ${spread(costs[index] ?? [])} ms`,
      )
  const pairs = (all: number[][]) => (all[0] ?? []).map((one, round) => one / (all[1]?.[round] ?? NaN))
  if (old !== undefined)
    console.log(
      `New to old, medians of five rounds: wizards ${spread(pairs(rates))}, processor ${spread(pairs(costs))}`,
    )
  for (const site of sites) await site.stop()
}

/** How many statements the program runs for a wizard, its jobs and mails included; BEGIN and COMMIT are not counted. */
async function statements(): Promise<void> {
  const file = join(import.meta.dirname, `../../node_modules/.statements-${process.pid}.txt`)
  const probe = fileURLToPath(new URL('./statement-probe.js', import.meta.url))
  const site = await startSite({
    config: unlimited,
    nodeArgs: ['--import', probe],
    env: { STATEMENT_PROBE_FILE: file },
  })
  const agent = agentOf()
  const read = async (): Promise<number> => {
    await rm(file, { force: true })
    site.process.kill('SIGUSR2')
    for (;;) {
      const text = await readFile(file, 'utf8').catch(() => '')
      if (text.endsWith('.')) return Number.parseInt(text)
      await sleep(20)
    }
  }
  const wizards = 40
  for (let index = 0; index < 20; index++) await wizard(site, agent)
  await sleep(2_000)
  await read()
  for (let index = 0; index < wizards; index++) await wizard(site, agent)
  console.log(`Statements per wizard: ${((await read()) / wizards).toFixed(0)}`)
  await rm(file, { force: true })
  await site.stop()
}

/** Two processes of one machine beside one, in turn: more only where a core is free beside this program's. */
async function workers(wizards: number): Promise<void> {
  const one = await startSite({ config: { ...unlimited, workers: 1 }, nodeArgs: HEAP })
  const two = await startSite({ config: { ...unlimited, workers: 2 }, nodeArgs: HEAP })
  const agent = agentOf()
  const rate = (site: Site) => perSecond(wizards, 2 * AT_ONCE, () => wizard(site, agent))
  await rate(one)
  await rate(two)
  const ratios: number[] = []
  for (let round = 0; round < 5; round++) ratios.push((await rate(two)) / (await rate(one)))
  console.log(`Two processes to one, on ${availableParallelism()} cores: wizards ${spread(ratios)}`)
  await Promise.all([one.stop(), two.stop()])
}

/** The least that SvelteKit can serve: one page, one word, the same adapter. */
async function emptyApp(): Promise<{ url: string; stop: () => Promise<void> }> {
  const root = join(import.meta.dirname, '../..')
  const folder = await mkdtemp(join(root, 'node_modules', '.bench-'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(folder, 'svelte.config.js'),
    "import adapter from '@sveltejs/adapter-node'\nexport default { kit: { adapter: adapter() } }\n",
  )
  await writeFile(
    join(folder, 'vite.config.js'),
    "import { sveltekit } from '@sveltejs/kit/vite'\nexport default { plugins: [sveltekit()] }\n",
  )
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(folder, 'src/routes'), { recursive: true })
  await writeFile(
    join(folder, 'src/app.html'),
    '<!doctype html><html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  )
  await writeFile(join(folder, 'src/routes/+page.svelte'), '<h1>Hello</h1>')
  await run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], folder)
  const port = await freePort()
  const child = spawn(process.execPath, ['build/index.js'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', ORIGIN: `http://127.0.0.1:${port}` },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 100; tries++) {
    try {
      if ((await fetch(url)).ok) break
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function run(command: string, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { cwd, stdio: 'ignore' }).on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.join(' ')}: ${code}`)),
    )
  })
}

/** Pages as a browser gets them, beside the empty page of an empty app. */
async function pages(): Promise<void> {
  const site = await startSite()
  const empty = await emptyApp()
  const agent = agentOf()
  const get = (url: string, path: string) => {
    const visitor = aVisitor(url, agent)
    return perSecond(1_000, 16, () => visitor.send('GET', path, { accept: 'text/html' }))
  }
  for (const path of ['/', '/register', '/admin/login']) {
    await get(site.url, path)
    await get(empty.url, '/')
    const ratios: number[] = []
    for (let round = 0; round < 5; round++)
      ratios.push((await get(site.url, path)) / (await get(empty.url, '/')))
    console.log(`Page ${path}, ratio to the empty app: ${spread(ratios)}`)
  }
  await Promise.all([site.stop(), empty.stop()])
}

/** What a page makes a browser load at once: the scripts that its HTML names, and those that they import. */
async function scripts(): Promise<void> {
  const site = await startSite()
  const agent = agentOf()
  for (const path of [
    '/',
    '/register',
    '/register/again',
    '/register/email',
    '/register/account',
    '/admin/login',
  ]) {
    const visitor = aVisitor(site.url, agent)
    await prepare(visitor, site, path)
    const { body } = await visitor.get(path)
    const seen = new Map<string, number>()
    const queue = [...body.matchAll(/(?:href|src|import\()\s*=?\s*"([^"]+\.js)"/g)].map(
      ([, found = '']) => new URL(found, `${site.url}${path}`).pathname,
    )
    while (queue.length > 0) {
      const file = queue.pop() ?? ''
      if (seen.has(file)) continue
      const script = (await visitor.get(file)).body
      seen.set(file, gzipSync(script).length)
      for (const [, found = ''] of script.matchAll(/(?:from|import)\s*["'](\.[^"']+\.js)["']/g))
        queue.push(new URL(found, `${site.url}${file}`).pathname)
    }
    const total = [...seen.values()].reduce((sum, size) => sum + size, 0)
    console.log(`JavaScript of ${path}: ${(total / 1000).toFixed(1)} kB gz in ${seen.size} files`)
  }
  await site.stop()
}

async function prepare(visitor: ReturnType<typeof aVisitor>, site: Site, path: string): Promise<void> {
  if (path !== '/register/email' && path !== '/register/account') return
  const name = newName()
  const page = await visitor.submit(await visitor.get('/register'), { username: name })
  if (path === '/register/email') return
  await visitor.submit(page, { email: `${name}@mail.test` })
  const link = linkIn(await site.mail.next(`${name}@mail.test`), '/register/verify/')
  await visitor.submit(await visitor.get(new URL(link).pathname), {})
}

const parts: Record<string, () => Promise<unknown>> = {
  scripts,
  pages,
  synapse: () => againstSynapse(100),
  django: () => againstDjango(100),
  old: () => againstOld(200),
  statements,
  workers: () => workers(200),
  load,
  overload,
  purge,
  desk,
  wave,
  wizards: () => againstStandIn(Number(process.env.WIZARDS ?? 10_000)),
}
console.log(`Node ${process.version}`)
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) await parts[name]?.()
process.exit(0)
