import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site
let cookie: string
beforeAll(async () => {
  site = await startSite()
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  cookie = [...moderator.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}, 60_000)
afterAll(() => site.stop())

/** An answer as it comes, not unpacked. */
function ask(path: string, accepted: string | null, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ headers: Record<string, unknown>; status: number; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(
        site.url + path,
        {
          method,
          headers: { cookie, ...(accepted === null ? {} : { 'accept-encoding': accepted }), ...headers },
        },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              headers: response.headers,
              status: response.statusCode ?? 0,
              body: Buffer.concat(parts),
            }),
          )
        },
      )
      sent.on('error', reject)
      sent.end()
    },
  )
}

const QUEUE = '/trpc/moderation.queue?input=%7B%7D'

test.each([
  ['/', 'br', brotliDecompressSync],
  ['/', 'gzip, deflate', gunzipSync],
  ['/register', 'gzip, deflate, br', brotliDecompressSync],
  ['/admin', 'gzip', gunzipSync],
  ['/admin/moderators', 'br', brotliDecompressSync],
  ['/nothing', 'br', brotliDecompressSync],
])('%s is sent as %s, less than half as long', async (path, accepted, unpack) => {
  const packed = await ask(path, accepted)
  const plain = await ask(path, null)
  expect(packed.headers['content-encoding']).toBe(unpack === gunzipSync ? 'gzip' : 'br')
  expect(packed.headers['vary']).toMatch(/accept-encoding/i)
  expect(packed.headers['content-length']).toBeUndefined()
  const text = unpack(packed.body).toString()
  expect(text.slice(0, 15)).toBe('<!doctype html>')
  expect(text.trim()).toMatch(/<\/html>$/)
  expect(packed.body.length).toBeLessThan(text.length / 2)
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.headers['vary']).toMatch(/accept-encoding/i)
  expect(plain.status).toBe(packed.status)
})

test('who takes no compressed answers gets none', async () => {
  for (const accepted of ['identity', 'br;q=0, gzip;q=0', 'compress'])
    expect((await ask('/register', accepted)).headers['content-encoding']).toBeUndefined()
})

test('scripts and styles come as they were compressed by the build, and are kept for good', async () => {
  const { body } = await ask('/register', null)
  const [, script = ''] = /"(?:\.|\/)*(_app\/immutable\/[^"]+\.js)"/.exec(body.toString()) ?? []
  for (const accepted of ['br', 'gzip']) {
    const { headers, body: packed } = await ask(`/${script}`, accepted)
    expect(headers['content-encoding']).toBe(accepted)
    expect(headers['cache-control']).toMatch(/immutable/)
    expect(headers['content-length']).toBe(String(packed.length))
  }
})

test('a HEAD request has no body', async () => {
  const { status, body } = await ask('/register', 'br', {}, 'HEAD')
  expect([status, body.length]).toEqual([200, 0])
})

test('what the scripts ask for is compressed as well', async () => {
  const { headers, body } = await ask(QUEUE, 'br', { 'content-type': 'application/json' })
  const text = headers['content-encoding'] === 'br' ? brotliDecompressSync(body).toString() : body.toString()
  expect(headers['content-type']).toMatch(/^application\/json/)
  expect(headers['vary']).toMatch(/accept-encoding/i)
  expect(() => void JSON.parse(text)).not.toThrow()
})

test('live updates arrive one by one, uncompressed', async () => {
  const heard = await new Promise<{ encoding: unknown; text: string }>((resolve, reject) => {
    const sent = request(`${site.url}/admin/live`, { headers: { cookie, 'accept-encoding': 'br, gzip' } })
    sent.on('response', (response) =>
      response.once('data', (chunk: Buffer) => {
        sent.destroy()
        resolve({ encoding: response.headers['content-encoding'], text: chunk.toString() })
      }),
    )
    sent.on('error', reject)
    sent.end()
  })
  expect(heard.encoding).toBeUndefined()
  expect(heard.text).toContain('event: ')
})
