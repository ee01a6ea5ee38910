import fc from 'fast-check'
import { Agent, maxHeaderSize, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cpuSeconds } from '../support/processor'
import { startSite, type Site } from '../support/site'
import type { Answer } from '../support/visitor'
import { anyCase, type Case } from './fuzz/cases'
import { procedures } from './fuzz/inputs'
import { createPeople, type People } from './fuzz/people'
import { allRoutes, findTargets } from './fuzz/targets'
import { faultOf } from './fuzz/verdict'

/** `FUZZ_CASES=100000 FUZZ_SEED=…` by hand; the seed of a run that failed stands in what it printed. */
const CASES = Number(process.env.FUZZ_CASES ?? 10_000)
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_124)
/** So many go out at once, and after so many everybody is looked after. */
const AT_ONCE = 8
const ROUND = 250
/** An answer that takes longer is asked for again, alone, and may take so much of the processor: the machine may be busy. */
const SLOW_MS = 4_000
const NO_ANSWER = 'It does not answer'
const MOST_CPU_SECONDS = 4
/** After so many different faults, more would tell nothing. */
const MOST_FAULTS = 20
/** What can take from somebody here what they are. */
const CHANGES_PEOPLE = /signout|end|disable|role|require/i
const COOKIES = ['session', 'applicant', 'half-way', 'draft', 'theme', 'language', '__proto__', 'zq']

let site: Site
let people: People
beforeAll(async () => {
  site = await startSite({
    config: {
      trust_proxy: true,
      legal: [{ title: 'House rules', url: 'https://example.test/rules' }],
      // So many that begin are a wave: it would let in few without a proof, and the cases then meet nobody who waits.
      registration: { proof_of_work: 'off' },
    },
  })
  people = createPeople(site)
}, 60_000)
afterAll(async () => {
  await site.stop()
})

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
let sent = 0

const headOf = (path: string, headers: Record<string, string | number>): number =>
  path.length +
  Object.entries(headers).reduce((sum, [name, value]) => sum + `${name}: ${value}\r\n`.length, 0)

/** Sends a case from an address that no other case has, and reads the answer; a stream that does not end, its head. */
function send(one: Case, number = ++sent, patienceMs = 15_000): Promise<Answer & { ms: number }> {
  const { as, method, path, headers, body } = one
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const all = {
      host: new URL(site.url).host,
      cookie: people.cookie(as),
      accept: 'text/html',
      'x-forwarded-for': `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
      ...(method === 'POST' ? { origin: site.url, 'content-length': Buffer.byteLength(body ?? '') } : {}),
      ...headers,
    }
    const port = Number(new URL(site.url).port)
    const out = request({ host: '127.0.0.1', port, method, path, headers: all, agent }, (response) => {
      let text = ''
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          ms: performance.now() - begun,
        })
      if (String(response.headers['content-type']).startsWith('text/event-stream')) {
        done()
        response.destroy()
        return
      }
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', done)
    })
    out.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that lay still may be closed just when it is used again: that is no answer to the case.
      if (out.reusedSocket && error.code === 'ECONNRESET') send(one, number, patienceMs).then(resolve, reject)
      // Of a head that is too long Node reads no more, and what it does not read can cost its answer on the way.
      else if (error.code === 'ECONNRESET' && headOf(path, all) > maxHeaderSize)
        resolve({ status: 431, headers: {}, body: '', ms: performance.now() - begun })
      else reject(error)
    })
    out.setTimeout(patienceMs, () => out.destroy(new Error(NO_ANSWER)))
    out.end(body ?? undefined)
  })
}

test(`${CASES} requests that nobody means well with: no failure, no leak, nothing reflected`, async () => {
  const answers = new Map<number, number>()
  const called = new Set<string>()
  const faults = new Map<string, unknown>()
  const places = { url: site.url, inside: [site.folder, join(import.meta.dirname, '../..')] }
  const slow: Case[] = []
  let logged = 0
  let arrived = 0

  /** What the log says since the last time that is no notice. */
  function failuresLogged(): string[] {
    const lines = site.log().slice(logged)
    logged += lines.length
    return lines.split('\n').filter((line) => /"level":[56]0|unhandled|^\s+at .+:\d+:\d+/i.test(line))
  }

  /** Whether the program works too long for an answer, whatever else the machine does. */
  async function askSlow(one: Case): Promise<void> {
    const before = await cpuSeconds(site.process)
    await send(one, sent, 120_000).catch((error: unknown) =>
      faults.set(`${one.about}: ${String(error)}`, one),
    )
    const seconds = (await cpuSeconds(site.process)) - before
    if (seconds > MOST_CPU_SECONDS) faults.set(`${one.about}: it takes ${seconds} s of the processor`, one)
  }

  async function tryOne(one: Case): Promise<void> {
    const answer = await send(one).catch((error: unknown) => String(error))
    if (typeof answer === 'string' ? answer.includes(NO_ANSWER) : answer.ms > SLOW_MS) slow.push(one)
    if (typeof answer === 'string') {
      if (answer.includes(NO_ANSWER)) return
      faults.set(`${one.about}: ${answer}`, one)
      return
    }
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
    called.add(one.about)
    const fault = faultOf(answer, places)
    if (fault !== null) faults.set(`${one.about}: ${fault}`, { ...one, answer: answer.body.slice(0, 600) })
  }

  for (let round = 0; round * ROUND < CASES && faults.size < MOST_FAULTS; round++) {
    arrived += await people.refresh()
    const targets = await findTargets(site, people)
    const calls = procedures((name) => targets.values.get(name) ?? [])
    if (round === 0) {
      // What asks for another step first is met as whoever is not there yet.
      const reached = new Set(targets.pages.map(({ path }) => new URL(path, site.url).pathname))
      for (const path of allRoutes().filter((route) => !/\[|\/live$/.test(route)))
        expect(reached).toContain(path)
      expect(targets.forms.length).toBeGreaterThan(50)
    }
    const cases = fc.sample(anyCase(targets, calls, COOKIES), {
      numRuns: Math.min(ROUND, CASES - round * ROUND),
      seed: SEED + round,
    })
    for (let index = 0; index < cases.length; index += AT_ONCE) {
      const batch = cases.slice(index, index + AT_ONCE)
      await Promise.all(batch.map(tryOne))
      for (const one of slow.splice(0)) await askSlow(one)
      if (batch.some(({ path }) => CHANGES_PEOPLE.test(path))) await people.refreshStaff()
      for (const line of failuresLogged()) faults.set(`log: ${line.slice(0, 2000)}`, batch)
    }
    expect(site.process.exitCode).toBeNull()
  }
  console.info(`Fuzz: ${sent} requests, ${JSON.stringify(Object.fromEntries([...answers].sort()))}`)
  // The runner's own words for what differs would cut the faults short.
  if (faults.size > 0)
    expect.fail(`FUZZ_SEED=${SEED}\n${JSON.stringify(Object.fromEntries(faults), null, 1)}`)
  // A run in which everything bounced off the first door would show nothing.
  const count = (status: number) => answers.get(status) ?? 0
  expect(sent).toBe(CASES)
  expect(arrived).toBeGreaterThan(CASES / ROUND)
  expect(count(200) + count(303)).toBeGreaterThan(sent * 0.2)
  expect(count(429)).toBeLessThan(sent * 0.1)
  if (CASES >= 5_000)
    for (const { path } of procedures(() => [])) expect([...called]).toContain(`call ${path}`)
}, 3_600_000)

const POLICY = "default-src 'none'; script-src 'self'"
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
const PAGE = {
  'content-type': 'text/html',
  'x-content-type-options': 'nosniff',
  'content-security-policy': POLICY,
}

test.each([
  [{ status: 200, headers: PAGE, body: `<p title="&lt;zq1 x=&quot;'>">zq" onzq="zq(1) &lt;zq1></p>` }, null],
  [{ status: 200, headers: PAGE, body: '<img src="data:image/png;base64,AA">' }, null],
  [{ status: 500, headers: PAGE, body: '' }, 'status 500'],
  [{ status: 503, headers: { ...PAGE, 'retry-after': '5' }, body: '' }, 'status 503'],
  [{ status: 200, headers: PAGE, body: `<p><zq1 x="'></p>` }, 'element'],
  [{ status: 200, headers: PAGE, body: '<script>let a = "</script><zq1>"</script>' }, 'element'],
  [{ status: 200, headers: PAGE, body: '<input value="zq" onzq="zq(1)">' }, 'attribute'],
  [{ status: 200, headers: PAGE, body: '<a href="javascript:zq(1)">x</a>' }, 'leads'],
  [{ status: 200, headers: PAGE, body: '<form action="//zq.test/"></form>' }, 'leads'],
  [{ status: 303, headers: { ...PAGE, location: '//zq.test/' }, body: '' }, 'it leads to'],
  [{ status: 303, headers: { ...PAGE, location: 'https://zq.test/' }, body: '' }, 'it leads to'],
  [{ status: 200, headers: { ...PAGE, 'zq-head': '1' }, body: '' }, 'header'],
  [{ status: 200, headers: { ...PAGE, 'set-cookie': ['a='.padEnd(9_000, 'x')] }, body: '' }, 'bytes'],
  [{ status: 400, headers: PAGE, body: 'Error\n    at f (file:///srv/app/x.js:1:2)' }, 'it tells'],
  [{ status: 400, headers: PAGE, body: 'SQLITE_ERROR: near' }, 'it tells'],
  [{ status: 400, headers: PAGE, body: 'in /tmp/secret-folder' }, 'it tells'],
  [{ status: 200, headers: { ...PAGE, 'x-content-type-options': undefined }, body: '' }, 'nosniff'],
  [
    {
      status: 200,
      headers: { ...PAGE, 'content-security-policy': "default-src 'none' 'unsafe-inline'" },
      body: '',
    },
    'policy',
  ],
  [{ status: 200, headers: { ...PAGE, 'content-security-policy': MAIL_POLICY }, body: '<p></p>' }, null],
  [
    {
      status: 200,
      headers: { ...PAGE, 'content-security-policy': `${MAIL_POLICY} allow-scripts` },
      body: '<p></p>',
    },
    'policy',
  ],
  [{ status: 200, headers: { ...PAGE, 'content-security-policy': MAIL_POLICY }, body: '<zq1>' }, 'element'],
  [{ status: 200, headers: { ...PAGE, 'content-type': undefined }, body: 'x' }, 'type'],
])('the verdict on %j is %j', (answer, fault) => {
  const places = { url: 'http://site.test', inside: ['/tmp/secret-folder'] }
  const found = faultOf(answer, places)
  if (fault === null) expect(found).toBeNull()
  else expect(found).toContain(fault)
})
