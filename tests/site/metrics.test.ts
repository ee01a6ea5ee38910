import { once } from 'node:events'
import { createServer } from 'node:http'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { askDatabase, freePort, linkIn, MODERATOR, runCli, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site | undefined
afterEach(async () => {
  await site?.stop()
  site = undefined
})

const REASON = 'I know two people from the repair café who are on your server.'
const PASSWORD = 'seven quiet herons at dusk'

async function scrape(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  return answer.text()
}

/** The sum of all values of a metric whose labels are these, among others. */
function sumOf(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((one) => line.includes(one)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** From the name to the request; answers what nobody but the applicant and the moderators may know. */
async function request({ url, mail }: Site, name: string): Promise<string[]> {
  const visitor = aVisitor(url, new Agent({ keepAlive: false }))
  const chosen = await visitor.submit(await visitor.get('/register'), { username: name })
  await visitor.submit(chosen, { email: `${name}@mail.test` })
  const link = new URL(linkIn(await mail.next(`${name}@mail.test`), '/register/verify/'))
  const account = await visitor.submit(await visitor.get(link.pathname), {})
  const sent = await visitor.submit(account, { password: PASSWORD, reason: REASON })
  expect([sent.status, sent.path]).toEqual([200, expect.stringMatching(/^\/register\/status/)])
  return [
    name,
    'mail.test',
    'repair',
    PASSWORD,
    link.pathname.split('/').at(-1) ?? '',
    ...visitor.cookies.values(),
  ]
}

test('a whole registration is counted, at its own port only, and nothing in it is about a person', async () => {
  const port = await freePort()
  site = await startSite({ config: { metrics: { port } } })
  const before = await scrape(port)
  expect(sumOf(before, 'registration_registrations')).toBe(0)
  expect(sumOf(before, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  expect(sumOf(before, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
  expect(before).toMatch(/^registration_build_info\{version="[^"]+"\} 1$/m)

  const personal = await request(site, 'riverstone')
  const visitor = aVisitor(site.url)
  const wrong = { username: MODERATOR.username, password: 'not the password' }
  await visitor.submit(await visitor.get('/admin/login'), wrong)
  const desk = await visitor.submit(await visitor.get('/admin/login'), MODERATOR)
  const { rows } = await askDatabase(site, 'select id from registrations')
  const id = String(rows[0]?.id)
  const page = await visitor.get(`/admin/registrations/${id}`)
  expect([desk.status, page.status]).toEqual([200, 200])
  await visitor.send('GET', '/river@mail.test?token=secret', {})
  await visitor.send('GET', '/', { host: 'elsewhere.test' })

  await expect
    .poll(async () => sumOf(await scrape(port), 'registration_mails_total', { outcome: 'handed_over' }))
    .toBeGreaterThanOrEqual(2)
  // Right after the start there may have been none.
  await expect.poll(() => scrape(port)).toMatch(/^nodejs_gc_duration_seconds_count\{kind="[a-z]+"\} \d+$/m)
  const text = await scrape(port)
  expect(sumOf(text, 'registration_registrations', { state: 'requested' })).toBe(1)
  expect(sumOf(text, 'registration_queue_requests', { queue: 'waiting' })).toBe(1)
  expect(sumOf(text, 'registration_mails_total', { mail: 'verification', outcome: 'handed_over' })).toBe(1)
  expect(sumOf(text, 'registration_refusals_total', { code: 'sign_in_failed' })).toBe(1)
  expect(sumOf(text, 'registration_http_refused_requests_total', { reason: 'unknown_host' })).toBe(1)
  expect(sumOf(text, 'registration_homeserver_call_duration_seconds_count', { call: 'claim' })).toBe(1)
  const verify = { route: '/register/verify/[token]' }
  expect(sumOf(text, 'registration_http_requests_total', verify)).toBeGreaterThan(0)
  expect(sumOf(text, 'registration_http_request_duration_seconds_count', verify)).toBe(
    sumOf(text, 'registration_http_requests_total', verify),
  )
  expect(sumOf(text, 'registration_http_requests_total', { route: 'none', status: '404' })).toBe(1)

  for (const secret of [...personal, id, 'river', 'example.test', '127.0.0.1', 'secret'])
    expect(text.includes(secret) ? secret : 'none of it').toBe('none of it')

  const elsewhere = await fetch(`${site.url}/metrics`)
  expect([elsewhere.status, await elsewhere.text()]).toEqual([404, expect.not.stringContaining('nodejs_')])
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405)
  // Whoever keeps a connection open does not keep the program from ending.
  const kept = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(kept, 'connect')
  expect(await site.stop()).toBe(0)
}, 120_000)

test('it is off until a port is set, and several processes answer at one, each with its number', async () => {
  const off = await freePort()
  site = await startSite()
  await expect(fetch(`http://127.0.0.1:${off}/metrics`)).rejects.toThrow()
  expect((await fetch(`${site.url}/metrics`)).status).toBe(404)
  expect(site.log()).not.toContain('Metrics are')
  await site.stop()

  const port = await freePort()
  site = await startSite({ config: { workers: 2, metrics: { port } } })
  await expect.poll(() => scrape(port), { timeout: 30_000 }).toContain('worker="2"')
  await Promise.all(['ada', 'bob', 'cleo'].map((name) => site && request(site, name)))
  const text = await scrape(port)
  expect(text).toMatch(/^registration_registrations\{state="requested"\} 3$/m)
  expect(sumOf(text, 'registration_homeserver_call_duration_seconds_count', { call: 'claim' })).toBe(3)
  expect(text).toMatch(/^process_start_time_seconds\{worker="1"\} /m)
  expect(text).toMatch(/^process_start_time_seconds\{worker="2"\} /m)
  expect(text.match(/^# TYPE process_start_time_seconds /gm)).toHaveLength(1)
  site.process.kill('SIGUSR2')
  await expect.poll(() => site?.log(), { timeout: 30_000 }).toContain('All processes were replaced')
  await expect
    .poll(async () => (await scrape(port)).match(/^process_start_time_seconds\{/gm), { timeout: 10_000 })
    .toHaveLength(2)
  expect(await site.stop()).toBe(0)
}, 120_000)

test('a port that cannot be listened on is told with its key before anything else begins', async () => {
  site = await startSite()
  const { folder } = site
  const used = createServer().listen(0, '127.0.0.1')
  await once(used, 'listening')
  const address = used.address()
  const taken = address !== null && typeof address === 'object' ? address.port : 0
  const own = await freePort()
  const cases: [object, number, RegExp][] = [
    [
      { port: taken },
      1,
      /^metrics\.port in config\.yaml: 127\.0\.0\.1:\d+ is already in use.*set another port\.\n$/,
    ],
    [
      { port: own },
      2,
      /^metrics\.port in config\.yaml is \d+, which is the port of the site: set another one\.\n$/,
    ],
    [
      { port: taken, host: '203.0.113.7' },
      2,
      /^metrics\.host in config\.yaml \(203\.0\.113\.7\) is not an address/,
    ],
    [{ port: 0 }, 2, /metrics\.port.*must be a number from 1 to 65535/],
  ]
  for (const workers of [1, 2])
    for (const [metrics, code, words] of cases) {
      const settings = {
        workers,
        metrics,
        synapse: { admin_token: 'x', server: site.standIn?.url, domain: 'example.test' },
        hosts: ['127.0.0.1'],
        email: { host: '127.0.0.1', port: site.mail.port, from: 'desk@example.test' },
        admin: { email: 'moderators@example.test' },
        database: { path: join(folder, 'registration.db') },
      }
      await writeFile(join(folder, 'other.yaml'), stringify(settings))
      const env = { CONFIG: join(folder, 'other.yaml'), PORT: String(own), HOST: '127.0.0.1' }
      const ended = await runCli(folder, ['serve'], '', env)
      expect([ended.err, ended.out]).toEqual([expect.stringMatching(words), ''])
      expect(ended.code).toBe(code)
    }
  used.close()
}, 120_000)
