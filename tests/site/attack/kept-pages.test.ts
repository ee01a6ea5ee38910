import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { signedIn } from './people'

let site: Site
let images: Server
beforeAll(async () => {
  images = createServer((_, response) => response.setHeader('content-type', 'image/png').end('image'))
  images.listen(0, '127.0.0.1')
  await once(images, 'listening')
  const address = images.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  site = await startSite({
    config: {
      logo_url: `http://127.0.0.1:${port}/logo.png`,
      hosts: ['127.0.0.1', 'localhost', 'other.test'],
    },
  })
}, 60_000)
afterAll(async () => {
  await site.stop()
  images.close()
})

/** What stays the visitor's own, however it is said. */
const MARK = 'alice-9c1'

test('who comes first after a start leaves nothing of theirs in the page of all others', async () => {
  const first: { path: string; language: string; theme: string; headers?: Record<string, string> }[] = [
    { path: `/?email=${MARK}@mail.test`, language: 'en', theme: 'system' },
    { path: `/?invitation=${MARK}&shown=${MARK}`, language: 'en', theme: 'light' },
    { path: `/?${MARK}="><script>`, language: 'en', theme: 'dark' },
    { path: `/?/${MARK}`, language: 'de', theme: 'system' },
    {
      path: '/',
      language: 'de',
      theme: 'light',
      headers: { host: 'other.test', referer: `http://other.test/${MARK}` },
    },
    {
      path: '/',
      language: 'de',
      theme: 'dark',
      headers: {
        'user-agent': MARK,
        'x-forwarded-for': MARK,
        'x-forwarded-host': `${MARK}.test`,
        'if-none-match': `"${MARK}"`,
        range: 'bytes=0-5',
      },
    },
  ]
  const bodies = new Set<string>()
  for (const { path, language, theme, headers = {} } of first) {
    const sent = { accept: 'text/html', 'accept-language': `${language},${MARK};q=0.1` }
    const alice = aVisitor(site.url)
    const other = aVisitor(site.url)
    for (const visitor of [alice, other]) visitor.cookies.set('theme', theme)
    alice.cookies.set(MARK, MARK)
    const answers = [
      await alice.send('GET', path, { ...sent, ...headers }),
      await other.send('GET', '/', { accept: 'text/html', 'accept-language': language }),
      await other.send('GET', `/?${MARK}`, { accept: 'text/html', 'accept-language': language }),
    ]
    for (const answer of answers) {
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.body).toBe(answers[0]?.body)
      expect(JSON.stringify([answer.body, answer.headers])).not.toMatch(/alice-9c1|other\.test/)
      expect(answer.body).toContain(`<html lang="${language}"`)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    bodies.add(answers[0]?.body ?? '')
  }
  expect(bodies.size).toBe(first.length)
  const head = await aVisitor(site.url).send('HEAD', `/?${MARK}`, { accept: 'text/html' })
  expect([head.status, head.body]).toEqual([200, ''])
})

test('a file that proxies may keep carries no session', async () => {
  const moderator = await signedIn(site)
  const before = await moderator.send('GET', '/logo', {})
  expect(before).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=3600' } })
  // Half of its time is over: the next answer renews it.
  await askDatabase(site, 'update sessions set expires_at = ?', [
    Math.floor(Date.now() / 1000) + 60 * 60 * 24,
  ])
  const renewed = await moderator.send('GET', '/logo', {})
  expect(renewed.headers['set-cookie']).toHaveLength(1)
  expect(renewed.headers['cache-control']).toBe('private, no-store')
})
