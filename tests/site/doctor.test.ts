import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, startSite, type Site } from '../support/site'
import { halt } from '../support/serve-again'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Finding {
  check: string
  level: string
  key: string | null
  found: string
  remedy: string | null
}

/** What a proxy does with requests and answers. */
interface Habits {
  headers?: (headers: IncomingHttpHeaders, peer: string) => IncomingHttpHeaders
  /** Whether answers are held back until they are complete. */
  buffers?: boolean
}

const appended: Habits['headers'] = (headers, peer) => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'], peer].filter(Boolean).join(', '),
})

/** A reverse proxy on this port, in front of another. */
async function aProxy(
  port: number,
  behind: () => number,
  { headers, buffers = false }: Habits,
): Promise<void> {
  const server = createServer((incoming, outgoing) => {
    const peer = incoming.socket.remoteAddress ?? ''
    const sent = request(
      {
        host: '127.0.0.1',
        port: behind(),
        method: incoming.method,
        path: incoming.url,
        headers: headers?.(incoming.headers, peer) ?? incoming.headers,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        if (!buffers) return void answer.pipe(outgoing)
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.on('end', () => outgoing.end(Buffer.concat(pieces)))
      },
    )
    sent.on('error', () => outgoing.writeHead(502).end('Bad Gateway'))
    incoming.pipe(sent)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
}

/** A site whose `site.url` is that of a proxy with these habits; null: it is asked directly. */
async function aSite(habits: Habits | null, config: Record<string, unknown> = {}): Promise<Site> {
  const port = await freePort()
  const site = await startSite({
    config: {
      ...config,
      ...(habits === null ? {} : { site: { url: `http://127.0.0.1:${port}` } }),
    },
  })
  cleanUps.push(site.stop)
  if (habits !== null) await aProxy(port, () => Number(new URL(site.url).port), habits)
  return site
}

async function doctor(site: Site): Promise<{ code: number | null; wrong: Finding[]; all: Finding[] }> {
  const { code, out, err } = await site.cli(['doctor', '--json'])
  expect(err).toBe('')
  const { findings } = JSON.parse(out) as { findings: Finding[] }
  // The moderator of these tests has a password only.
  const wrong = findings.filter(
    ({ level, check }) => (level === 'error' || level === 'warning') && check !== 'work.second_factor',
  )
  expect(wrong.filter(({ remedy }) => remedy === null)).toEqual([])
  return { code, wrong, all: findings }
}

const brief = (findings: Finding[]) => findings.map(({ check, level, key }) => ({ check, level, key }))

test('of a site that runs, everything is right but the second factor, and nothing is not asked', async () => {
  const site = await aSite(null)
  const { code, wrong, all } = await doctor(site)
  expect(wrong).toEqual([])
  expect(all.filter(({ level }) => level === 'not_asked').map(({ check }) => check)).toEqual([
    'homeserver.auto_join_rooms',
  ])
  expect(code).toBe(3)
  const { out, code: again } = await site.cli(['doctor'])
  expect(again).toBe(3)
  expect(out).toMatch(/^warning {2}work\.second_factor: .*\n {9}→ /m)
  expect(out.trimEnd().endsWith('1 warning')).toBe(true)
}, 90_000)

describe('a proxy', () => {
  test.each<[string, Habits, Record<string, unknown>, Omit<Finding, 'found' | 'remedy'>[]]>([
    ['that appends the address and is trusted, is right', { headers: appended }, { trust_proxy: true }, []],
    [
      'that overwrites the address and is trusted, is right',
      { headers: (headers, peer) => ({ ...headers, 'x-forwarded-for': peer }) },
      { trust_proxy: ['127.0.0.1'] },
      [],
    ],
    [
      'that tells addresses, but is not trusted',
      { headers: appended },
      {},
      [{ check: 'site.client_address', level: 'error', key: 'trust_proxy' }],
    ],
    [
      'that passes on what visitors claim',
      {},
      { trust_proxy: true },
      [{ check: 'site.client_address', level: 'error', key: 'trust_proxy' }],
    ],
    [
      'that drops the address',
      { headers: ({ 'x-forwarded-for': _, ...headers }) => headers },
      { trust_proxy: true },
      [{ check: 'site.client_address', level: 'error', key: 'trust_proxy' }],
    ],
    [
      'that asks for another host',
      { headers: (headers, peer) => ({ ...appended(headers, peer), host: 'backend:3000' }) },
      { trust_proxy: true },
      [{ check: 'site.host', level: 'error', key: 'hosts' }],
    ],
    [
      'that holds answers back',
      { headers: appended, buffers: true },
      { trust_proxy: true },
      [{ check: 'site.live_updates', level: 'warning', key: null }],
    ],
    [
      'that drops Accept-Encoding',
      { headers: ({ 'accept-encoding': _, ...headers }, peer) => appended(headers, peer) },
      { trust_proxy: true },
      [{ check: 'site.compression', level: 'warning', key: null }],
    ],
  ])(
    '%s',
    async (_, habits, config, expected) => {
      const { wrong } = await doctor(await aSite(habits, config))
      expect(brief(wrong)).toEqual(expected)
    },
    90_000,
  )

  test('in front of a program that does not run is told from one that is away itself', async () => {
    const site = await aSite({ headers: appended }, { trust_proxy: true })
    await halt(site)
    const { code, wrong } = await doctor(site)
    expect(brief(wrong)).toEqual([{ check: 'site.address', level: 'error', key: 'site.url' }])
    expect(wrong[0]?.found).toContain('502')
    expect(code).toBe(1)
    await cleanUps.pop()?.()
    expect((await doctor(site)).wrong[0]?.found).toContain('cannot be reached')
  }, 90_000)
})

test('what the program saw of a request is told to nobody without the secret key', async () => {
  const site = await aSite(null)
  for (const header of ['', 'forged', 'A'.repeat(80)]) {
    const answer = await fetch(`${site.url}/healthz?stream`, { headers: { 'x-registration-doctor': header } })
    expect(await answer.json()).toEqual({ status: 'ok' })
  }
}, 60_000)
