import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate, type Certificate } from '../support/certificate'
import { findProgram, PROXIES, startProxy } from '../support/proxies'
import { askDatabase, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor, formsIn } from '../support/visitor'

const HOST = 'register.example.test'
const ORIGIN = `https://${HOST}`
/** Longer than what proxies wait for an answer by themselves: 60 seconds. */
const LONG_MS = 66_000
const BEAT_MS = 15_000
const SOON_MS = 5_000
const SECURITY_HEADERS = [
  'content-security-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'permissions-policy',
]

const INSTALLED = PROXIES.filter(({ program }) => findProgram(program) !== null)

let site: Site
let folder: string
let certificate: Certificate
const running = new Map<string, Awaited<ReturnType<typeof startProxy>>>()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registration-proxies-'))
  certificate = makeCertificate(folder, HOST)
  site = await startSite({
    config: {
      hosts: [HOST],
      site: { url: ORIGIN },
      trust_proxy: true,
      rate_limit: { email_submission: 2, everybody_per_minute: 100_000 },
      // So many people behind four proxies are a surge, in which the limits are others.
      registration: { proof_of_work: 'off' },
    },
  })
  const upstream = new URL(site.url).host
  for (const proxy of INSTALLED)
    running.set(proxy.program, await startProxy(proxy, { host: HOST, upstream, certificate }))
}, 120_000)
afterAll(async () => {
  for (const proxy of running.values()) await proxy.stop()
  await site.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** People who visit the site through a proxy. */
function peopleBehind(program: string) {
  const place = PROXIES.findIndex((proxy) => proxy.program === program)
  const ports = running.get(program)
  if (ports === undefined) throw new Error(`${program} does not run`)
  const { httpPort, httpsPort } = ports

  /** Nobody else comes from these networks: 127.0.10.0/24 for the first proxy, and so on. */
  const addressOf = (person: number) => `127.0.${place + 10}.${person}`
  const agentFrom = (localAddress: string) => new Agent({ ca: certificate.text, localAddress })

  /** A browser on the default port that this proxy would have, at an address of its own. */
  function browserAt(localAddress: string, always: Record<string, string> = {}) {
    const address = `${ORIGIN}:${httpsPort}`
    return aVisitor(address, agentFrom(localAddress), { host: HOST, origin: ORIGIN, ...always })
  }

  async function signedIn() {
    const moderator = browserAt(addressOf(200))
    expect((await moderator.submit(await moderator.get('/admin/login'), MODERATOR)).path).toBe('/admin')
    return moderator
  }

  /** Asks for a username, and for a mail to this inbox. */
  async function start(browser: ReturnType<typeof browserAt>, username: string) {
    const page = await browser.submit(await browser.get('/register'), { username })
    return browser.submit(page, { email: `${username}@mail.test` })
  }

  /** An answer as it comes, with every header line and not unpacked. */
  function ask(path: string, headers: Record<string, string> = {}) {
    return new Promise<{ status: number; lines: [string, string][]; body: Buffer }>((resolve, reject) => {
      const where = { host: '127.0.0.1', port: httpsPort, path, agent: agentFrom(addressOf(100)) }
      const sent = request({ ...where, headers: { host: HOST, ...headers } }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const { rawHeaders } = response
          const lines = rawHeaders.flatMap((text, at): [string, string][] =>
            at % 2 === 0 ? [[text.toLowerCase(), rawHeaders[at + 1] ?? '']] : [],
          )
          resolve({ status: response.statusCode ?? 0, lines, body: Buffer.concat(parts) })
        })
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  /** Live updates as they come, each with its time, over HTTP/1.1 or as browsers do. */
  function listen(cookies: Map<string, string>, version: 1 | 2) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const heard: { text: string; at: number }[] = []
    let isOpen = true
    const hear = (chunk: Buffer) => heard.push({ text: chunk.toString(), at: Date.now() })
    const end = () => (isOpen = false)
    function openFirst() {
      const where = { host: '127.0.0.1', port: httpsPort, path: '/admin/live' }
      const sent = request({ ...where, agent: agentFrom(addressOf(201)), headers: { host: HOST, cookie } })
      sent.on('response', (response) => response.on('data', hear).on('end', end).on('error', end))
      sent.on('error', end)
      sent.end()
      return () => sent.destroy()
    }
    function openSecond() {
      const session = connect(`https://127.0.0.1:${httpsPort}`, {
        ca: certificate.text,
        servername: HOST,
      })
      const stream = session.request({ ':path': '/admin/live', ':authority': HOST, cookie })
      session.on('error', end)
      stream.on('data', hear).on('end', end).on('error', end)
      return () => session.destroy()
    }
    return {
      heard: (event: string) => heard.filter(({ text }) => text.includes(`event: ${event}`)),
      isOpen: () => isOpen,
      close: version === 1 ? openFirst() : openSecond(),
    }
  }

  return { httpPort, addressOf, browserAt, signedIn, start, ask, listen }
}

for (const { program, file } of PROXIES) {
  const isInstalled = INSTALLED.some((proxy) => proxy.program === program)
  const name = isInstalled ? file : `${file}, NOT TRIED: ${program} is not installed`
  describe.skipIf(!isInstalled)(`behind ${program}, with deploy/${name}`, { timeout: 60_000 }, () => {
    test('pages come over TLS, and plain HTTP leads there', async () => {
      const { httpPort, addressOf, browserAt } = peopleBehind(program)
      const page = await browserAt(addressOf(1)).get('/register')
      expect([page.status, page.body.includes('name="username"')]).toEqual([200, true])
      const led = await new Promise<{ status: number; location: string }>((resolve, reject) => {
        const where = { host: '127.0.0.1', port: httpPort, path: '/register?language=de' }
        get({ ...where, headers: { host: HOST } }, (response) => {
          response.resume()
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' })
        }).on('error', reject)
      })
      expect([301, 308]).toContain(led.status)
      const target = new URL(led.location)
      expect([target.protocol, target.hostname]).toEqual(['https:', HOST])
      expect(target.pathname + target.search).toBe('/register?language=de')
    })

    test('the address of a visitor arrives, and nobody can claim another', async () => {
      const { addressOf, browserAt, start } = peopleBehind(program)
      const statuses = async (person: number, claim: (turn: number) => Record<string, string>) => {
        const found: number[] = []
        for (const turn of [1, 2, 3]) {
          const browser = browserAt(addressOf(person), claim(turn))
          found.push((await start(browser, `${program}-${person}-${turn}`)).status)
        }
        return found
      }
      expect(await statuses(2, () => ({}))).toEqual([200, 200, 429])
      expect(await statuses(3, (turn) => ({ 'x-forwarded-for': `198.51.${turn}.1` }))).toEqual([
        200, 200, 429,
      ])
      // As whoever claims to be the first visitor, or a chain that ends there.
      const claims = { 'x-forwarded-for': `203.0.113.9, ${addressOf(2)}`, forwarded: 'for=203.0.113.9' }
      expect(await statuses(4, () => claims)).toEqual([200, 200, 429])
      const { rows } = await askDatabase(
        site,
        `select distinct client_address from registrations where username like '${program}-%' order by 1`,
      )
      expect(rows.map((row) => row['client_address'])).toEqual([2, 3, 4].map(addressOf))
    })

    test('forms of the site are accepted, and those of other sites are not', async () => {
      const { addressOf, browserAt, signedIn } = peopleBehind(program)
      const moderator = await signedIn()
      expect([...moderator.cookies.keys()]).toContain('__Host-session')
      const page = await moderator.get('/admin/account')
      expect(page.status).toBe(200)
      const stranger = browserAt(addressOf(200), { origin: 'https://evil.test' })
      const form = formsIn((await stranger.get('/admin/login')).body)[0]
      expect((await stranger.postAlone(`/admin/login${form?.action ?? ''}`, { ...MODERATOR })).status).toBe(
        403,
      )
    })

    test('the largest form reaches the program', async () => {
      const { addressOf, browserAt } = peopleBehind(program)
      const answer = await browserAt(addressOf(5)).postAlone('/register', { username: 'a'.repeat(310_000) })
      expect(answer.status).toBe(400)
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.body).toContain('name="username"')
      const tooLarge = await browserAt(addressOf(5)).postAlone('/register', { username: 'a'.repeat(600_000) })
      expect(tooLarge.status).toBe(413)
    })

    test('a form that is refused unread spoils nobody else’s request', async () => {
      const { addressOf, browserAt } = peopleBehind(program)
      const stranger = browserAt(addressOf(5), { origin: 'https://evil.test' })
      const reader = browserAt(addressOf(7))
      for (let turn = 0; turn < 10; turn++) {
        const refused = await stranger.postAlone('/register', { username: 'a'.repeat(310_000) })
        const began = Date.now()
        const page = await reader.get('/register')
        expect([refused.status, page.status, Date.now() - began < SOON_MS]).toEqual([403, 200, true])
      }
    })

    test('security headers come once, and nothing of a page is kept', async () => {
      const { ask, signedIn } = peopleBehind(program)
      const cookies = await signedIn().then((moderator) => moderator.cookies)
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
      for (const path of ['/', '/register', '/admin', '/nothing']) {
        const { lines } = await ask(path, path === '/admin' ? { cookie } : {})
        for (const header of [...SECURITY_HEADERS, 'cache-control', 'content-type'])
          expect([path, header, lines.filter(([found]) => found === header).length]).toEqual([
            path,
            header,
            1,
          ])
        expect(lines).toContainEqual(['cache-control', 'private, no-store'])
      }
    })

    test('answers are compressed once, or not at all for who takes none', async () => {
      const { ask } = peopleBehind(program)
      for (const path of ['/', '/register', '/nothing'])
        for (const [accepted, unpack] of [
          ['gzip, deflate', gunzipSync],
          ['gzip, deflate, br', brotliDecompressSync],
          ['identity', (body: Buffer) => body],
        ] as const) {
          const { lines, body } = await ask(path, { 'accept-encoding': accepted })
          const encodings = lines
            .filter(([header]) => header === 'content-encoding')
            .map(([, value]) => value)
          expect([path, encodings]).toEqual([
            path,
            unpack === gunzipSync ? ['gzip'] : unpack === brotliDecompressSync ? ['br'] : [],
          ])
          const text = unpack(body).toString()
          expect([text.slice(0, 15), text.trim().slice(-7)]).toEqual(['<!doctype html>', '</html>'])
        }
    })

    test('live updates arrive at once, over HTTP/1.1 and HTTP/2', async () => {
      const { addressOf, browserAt, signedIn, start, listen } = peopleBehind(program)
      const { cookies } = await signedIn()
      const streams = [listen(cookies, 1), listen(cookies, 2)]
      const countsOf = (event: string) => streams.map((stream) => stream.heard(event).length)
      await expect.poll(() => countsOf('beat'), { timeout: SOON_MS }).toEqual([1, 1])
      expect(countsOf('change')).toEqual([0, 0])
      expect((await start(browserAt(addressOf(6)), `${program}-live`)).status).toBe(200)
      await expect.poll(() => countsOf('change').every((count) => count > 0), { timeout: SOON_MS }).toBe(true)
      for (const stream of streams) stream.close()
    })
  })
}

test.skipIf(INSTALLED.length === 0)(
  `live updates go on for ${LONG_MS / 1000} s behind each proxy that is installed (${INSTALLED.map(({ program }) => program).join(', ') || 'none'})`,
  async () => {
    const streams: { kind: string; stream: ReturnType<ReturnType<typeof peopleBehind>['listen']> }[] = []
    for (const { program } of INSTALLED) {
      const { signedIn, listen } = peopleBehind(program)
      const { cookies } = await signedIn()
      for (const version of [1, 2] as const)
        streams.push({ kind: `${program}, HTTP/${version}`, stream: listen(cookies, version) })
    }
    await sleep(LONG_MS)
    const found = streams.map(({ kind, stream }) => [
      kind,
      stream.isOpen(),
      stream.heard('beat').length >= LONG_MS / BEAT_MS,
    ])
    expect(found).toEqual(streams.map(({ kind }) => [kind, true, true]))
    for (const { stream } of streams) stream.close()
  },
  LONG_MS + 30_000,
)

test.skipIf(INSTALLED.length === 0)('the program sees nothing wrong with any of them', () => {
  expect(site.log()).not.toMatch(/"key":"trust_proxy"|A page failed|An API call threw an error/)
})
