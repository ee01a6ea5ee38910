import { readFile, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import * as v from 'valibot'
import packageFile from '../../package.json'
import { linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor, type Answer } from '../support/visitor'

type Page = Answer & { path: string }
const PROBE = fileURLToPath(new URL('./loop-probe.js', import.meta.url))
/** What `npm start` tells Node about memory: a heap that is nearly full is tidied up in time, a young one is small. */
export const HEAP = packageFile.scripts.start.split(' ').filter((word) => word.startsWith('--max-'))
const loopSchema = v.object({ max: v.number(), p99: v.number(), p50: v.number() })
const agentOf = () => new Agent({ keepAlive: true, maxSockets: 1_000 })
const HOUR = 60 * 60_000

/** How pages were answered: milliseconds by kind of page, and what was no page. */
function createTally() {
  const times = new Map<string, number[]>()
  const wrong = new Map<string, number>()
  let away = 0
  const add = (kind: string, ms: number) => void times.set(kind, [...(times.get(kind) ?? []), ms])
  return {
    add,
    async measure(kind: string, call: () => Promise<Page>): Promise<Page> {
      for (;;) {
        const begun = performance.now()
        const page = await call().catch((error: unknown) => {
          const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
          wrong.set(code, (wrong.get(code) ?? 0) + 1)
          throw error
        })
        if (page.status === 503 && page.headers['retry-after'] !== undefined) {
          away++
          await sleep(Number(page.headers['retry-after']) * 1000)
          continue
        }
        if (page.status >= 400 && page.status !== 409)
          wrong.set(`${kind} ${page.status}`, (wrong.get(`${kind} ${page.status}`) ?? 0) + 1)
        add(kind, performance.now() - begun)
        return page
      }
    },
    print(): void {
      for (const [kind, all] of times) {
        const sorted = all.sort((a, b) => a - b)
        const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0).padStart(6)
        console.log(
          `  ${kind.padEnd(14)} ${String(all.length).padStart(7)}, ms p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`,
        )
      }
      console.log(`  sent away with 503 and Retry-After: ${away}; errors: ${JSON.stringify([...wrong])}`)
    },
  }
}

async function probed(options: Parameters<typeof startSite>[0] = {}, clockAheadMs = 0) {
  const file = join(import.meta.dirname, `../../node_modules/.loop-${process.pid}.json`)
  const site = await startSite({
    ...options,
    nodeArgs: [...HEAP, '--import', PROBE],
    env: { LOOP_PROBE_FILE: file, LOOP_PROBE_CLOCK_AHEAD_MS: String(clockAheadMs) },
  })
  return {
    site,
    async loop() {
      await rm(file, { force: true })
      site.process.kill('SIGUSR2')
      for (let wait = 0; wait < 100; wait++) {
        const text = await readFile(file, 'utf8').catch(() => '')
        if (text.endsWith('}')) return v.parse(loopSchema, JSON.parse(text))
        await sleep(50)
      }
      throw new Error('The probe did not answer')
    },
    async memory(): Promise<number> {
      const status = await readFile(`/proc/${site.process.pid}/status`, 'utf8')
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
    },
  }
}

let count = 0

/** One applicant from the name to the request. */
async function applicant(site: Site, agent: Agent, tally: ReturnType<typeof createTally>): Promise<void> {
  const name = `load-${++count}`
  const visitor = aVisitor(site.url, agent)
  const first = await tally.measure('name, page', () => visitor.get('/register'))
  const address = await tally.measure('name, sent', () => visitor.submit(first, { username: name }))
  const pressed = performance.now()
  const arrives = site.mail.next(`${name}@mail.test`, 0, 60_000).then((mail) => {
    tally.add('press to SMTP', performance.now() - pressed)
    return mail
  })
  await tally.measure('address, sent', () => visitor.submit(address, { email: `${name}@mail.test` }))
  const link = new URL(linkIn(await arrives, '/register/verify/')).pathname
  const look = await tally.measure('link, page', () => visitor.get(link))
  const account = await tally.measure('link, sent', () => visitor.submit(look, {}))
  const reason = 'I know two people from the repair café who are on your server.'
  const done = await tally.measure('account, sent', () =>
    visitor.submit(account, { password: 'seven quiet herons at dusk', reason }),
  )
  if (!done.path.startsWith('/register/status'))
    throw new Error(`A wizard ended on ${done.path} (${done.status})`)
}

/** Takes what waits and decides on it, one after the other. */
async function moderator(
  site: Site,
  agent: Agent,
  tally: ReturnType<typeof createTally>,
  until: number,
): Promise<number> {
  const visitor = aVisitor(site.url, agent)
  await visitor.submit(await visitor.get('/admin/login'), MODERATOR)
  let decided = 0
  while (Date.now() < until) {
    const queue = await tally.measure('queue, page', () => visitor.get('/admin'))
    const links = [...new Set(queue.body.match(/\/admin\/registrations\/[\w-]+/g) ?? [])]
    const link = links[Math.floor(Math.random() * links.length)]
    if (link === undefined) {
      await sleep(200)
      continue
    }
    const one = await tally.measure('request, page', () => visitor.get(link))
    if (!one.body.includes('name="decision"')) continue
    await tally.measure('decision, sent', () =>
      visitor.submit(one, { decision: decided % 4 === 0 ? 'deny' : 'approve' }),
    )
    decided++
  }
  return decided
}

/** Many people at once on the wizard, and moderators deciding meanwhile. */
export async function load(): Promise<void> {
  const people = Number(process.env.PEOPLE ?? 200)
  const seconds = Number(process.env.SECONDS ?? 120)
  const { SYNAPSE, SYNAPSE_URL: server, SYNAPSE_DOMAIN: domain, SYNAPSE_ADMIN_TOKEN: token } = process.env
  const real = SYNAPSE !== undefined && server !== undefined && domain !== undefined && token !== undefined
  const { site, loop, memory } = await probed({
    config: { rate_limit: { email_submission: 100_000, everybody_per_minute: 1_000_000 } },
    ...(real ? { homeserver: { server, domain, admin_token: token } } : {}),
  })
  const agent = agentOf()
  const tally = createTally()
  const until = Date.now() + seconds * 1000
  const readings: number[] = [await memory()]
  const reading = setInterval(() => void memory().then((mb) => readings.push(mb)), (seconds * 1000) / 12)
  let done = 0
  await loop()
  const [decided] = await Promise.all([
    Promise.all([1, 2, 3].map(() => moderator(site, agent, tally, until))),
    ...Array.from({ length: people }, async () => {
      while (Date.now() < until) {
        await applicant(site, agent, tally)
        done++
      }
    }),
  ])
  clearInterval(reading)
  const held = await loop()
  console.log(
    `Load: ${people} applicants at once for ${seconds} s, ${real ? 'a real Synapse' : 'the stand-in'}, three moderators`,
  )
  console.log(`  ${done} wizards done, ${decided.reduce((sum, one) => sum + one, 0)} decisions`)
  tally.print()
  console.log(
    `  event loop held, ms: p50 ${held.p50.toFixed(0)}, p99 ${held.p99.toFixed(0)}, longest ${held.max.toFixed(0)}`,
  )
  console.log(`  memory, MB: ${readings.join(', ')}`)
  await site.stop()
}

/** More than it can serve: it says so at once, and is itself again afterwards. */
export async function overload(): Promise<void> {
  const { site, loop } = await probed()
  const people = Number(process.env.PEOPLE ?? 1_000)
  const until = Date.now() + Number(process.env.SECONDS ?? 15) * 1000
  const counts = new Map<string, number>()
  const times: number[] = []
  await loop()
  await Promise.all(
    Array.from({ length: people }, async () => {
      const visitor = aVisitor(site.url, new Agent({ keepAlive: true }))
      while (Date.now() < until) {
        const begun = performance.now()
        const answer = await visitor
          .get('/register/again')
          .then(({ status }) => String(status))
          .catch((error: unknown) =>
            error instanceof Error && 'code' in error ? String(error.code) : 'error',
          )
        times.push(performance.now() - begun)
        counts.set(answer, (counts.get(answer) ?? 0) + 1)
      }
    }),
  )
  const held = await loop()
  const begun = performance.now()
  const after = await aVisitor(site.url).get('/register/again')
  const sorted = times.sort((a, b) => a - b)
  console.log(`Overload: ${people} at once without a pause: ${JSON.stringify([...counts])}`)
  console.log(
    `  ms p50 ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)}, p99 ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(0)}, longest ${sorted.at(-1)?.toFixed(0)}`,
  )
  console.log(`  event loop held, ms: p99 ${held.p99.toFixed(0)}, longest ${held.max.toFixed(0)}`)
  console.log(`  right after it: ${after.status} in ${(performance.now() - begun).toFixed(0)} ms`)
  await site.stop()
}

/** A million rows that retention takes, while pages are served. */
export async function purge(): Promise<void> {
  const rows = Number(process.env.ROWS ?? 1_000_000)
  // The clean-up begins at seven past the hour: the program's clock says that it is two seconds before.
  const ahead = HOUR - (Date.now() % HOUR) + 7 * 60_000 - 12_000
  const { site, loop } = await probed({}, ahead)
  const client = createClient({ url: `file:${join(site.folder, 'registration.db')}`, timeout: 5_000 })
  await client.executeMultiple(millionRows(rows, Date.now()))
  const left = async () => {
    const { rows: found } = await client.execute(
      'select (select count(*) from registrations) + (select count(*) from tokens) + (select count(*) from attempts) as n',
    )
    return Number(found[0]?.n)
  }
  const tally = createTally()
  const agent = agentOf()
  await loop()
  const begun = performance.now()
  let over = false
  const before = await left()
  await Promise.all([
    ...Array.from({ length: 4 }, async () => {
      const visitor = aVisitor(site.url, agent)
      while (!over) {
        await tally.measure('page', () => visitor.get('/register/again'))
        await tally.measure('wrong link', () => visitor.get('/register/status'))
        await sleep(20)
      }
    }),
    (async () => {
      for (let wait = 0; wait < 900 && !over; wait++) {
        await sleep(1_000)
        over = (await left()) === 0
      }
      over = true
    })(),
  ])
  const held = await loop()
  console.log(
    `Purge: ${before} rows, ${await left()} left after ${((performance.now() - begun) / 1000).toFixed(0)} s`,
  )
  tally.print()
  console.log(
    `  event loop held, ms: p50 ${held.p50.toFixed(0)}, p99 ${held.p99.toFixed(0)}, longest ${held.max.toFixed(0)}`,
  )
  client.close()
  await site.stop()
}

/** Registrations that were denied long ago, with two tokens each, and tries of old. */
function millionRows(rows: number, now: number): string {
  const old = now - 100 * 24 * HOUR
  const registrations = Math.floor(rows / 5)
  const counter = (length: number) =>
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${length})`
  return `
    begin;
    insert into registrations (id, version, state, username, holds_name, email, language, client_address, silent, started_at, state_since, seq, name_key)
      ${counter(registrations)} select 'old-' || i, 3, 'denied', 'old-' || i, 0, 'old-' || i || '@mail.test', 'en', '203.0.113.7', 0, ${old}, ${old} + i, i + 1, 'old-' || i from n;
    insert into tokens (hash, purpose, registration_id, created_at, expires_at)
      ${counter(registrations)} select 'a-' || i, 'verification', 'old-' || i, ${old}, ${old} from n;
    insert into tokens (hash, purpose, registration_id, created_at, expires_at)
      ${counter(registrations)} select 'b-' || i, 'status', 'old-' || i, ${old}, ${old} from n;
    insert into attempts (key, at) ${counter(rows - 3 * registrations)} select 'key-' || (i % 1000), ${old} + i from n;
    commit;`
}
