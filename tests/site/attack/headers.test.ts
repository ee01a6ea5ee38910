import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { linkIn, startSite, type Site } from '../../support/site'
import { aVisitor, type Answer } from '../../support/visitor'
import { request, signedIn } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

const LINKS = [
  '/register/status/',
  '/register/verify/',
  '/verify-email/',
  '/set-password/',
  '/admin/confirm/',
  '/admin/join/',
]
const ROUTES = join(import.meta.dirname, '../../../src/routes')

/** The paths of all routes that have a page, groups left out: `/admin/rules/new`, `/register/verify/[token]`. */
function allPages(): string[] {
  return readdirSync(ROUTES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('+page.svelte'))
    .map((file) => `/${file.replace(/\/?\+page\.svelte$/, '').replace(/\([^)]*\)\/?/g, '')}`)
    .map((path) => (path === '/' ? path : path.replace(/\/$/, '')))
}

function expectStrict({ headers, body }: Answer, path: string) {
  const policy = String(headers['content-security-policy'])
  expect(policy, path).toContain("default-src 'none'")
  expect(policy, path).toContain("frame-ancestors 'none'")
  expect(policy, path).toContain("base-uri 'none'")
  expect(policy, path).not.toMatch(/unsafe|\*|https?:/)
  expect(headers, path).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cache-control': 'private, no-store',
  })
  expect(headers['referrer-policy'], path).toMatch(/^(?:same-origin|no-referrer)$/)
  expect(headers['x-powered-by'], path).toBeUndefined()
  expect(headers.server, path).toBeUndefined()
  // The site's own nonce is in the policy, and nothing runs or is drawn without it or a hash.
  for (const [tag] of body.matchAll(/<script\b[^>]*>/g)) {
    const nonce = /nonce="([^"]+)"/.exec(tag)?.[1]
    if (nonce === undefined) expect(tag, path).toMatch(/src="/)
    else expect(policy, path).toContain(`'nonce-${nonce}'`)
  }
  for (const [, css = ''] of body.matchAll(/<style>([\s\S]*?)<\/style>/g))
    expect(policy, path).toContain(`'sha256-${createHash('sha256').update(css).digest('base64')}'`)
  expect(body, path).not.toMatch(/<[^>]+\s(?:style|on[a-z]+)="/)
  expect(body, path).not.toMatch(/(?:src|href|action)="\s*(?:javascript|data|vbscript):/i)
}

test('every page there is, errors and refusals included, has the whole of the policy and is kept by nobody', async () => {
  const { person, email } = await request(site, 'headers-page')
  const verify = new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname
  const moderator = await signedIn(site)
  const queue = await moderator.get('/admin')
  const one = /\/admin\/registrations\/[\w-]+/.exec(queue.body)?.[0] ?? ''
  const pages = allPages()
  expect(pages).toEqual(expect.arrayContaining(['/', '/admin', '/register/verify/[token]']))
  const open = pages.map((path) => path.replace('/registrations/[id]', one.replace('/admin', '')))
  const paths = [
    ...open.map((path) => path.replace(/\[\w+\]/, 'nonsense')),
    verify,
    '/nowhere',
    '/%',
    '/readyz',
  ]
  for (const path of paths)
    for (const visitor of [aVisitor(site.url), person, moderator]) {
      const answer = await visitor.send('GET', path, { accept: 'text/html' })
      expect(answer.status, path).toBeLessThan(500)
      if (path === '/readyz') expect(answer.headers['cache-control']).toContain('no-store')
      else expectStrict(answer, path)
    }
  const refused = [
    await aVisitor(site.url).send('POST', '/register', { origin: 'https://evil.test' }),
    await aVisitor(site.url).send('GET', '/', { host: 'evil.test' }),
    await aVisitor(site.url).post('/register', { username: 'x'.repeat(300_000) }),
    // A redirect that led on from them would be longer than a proxy takes.
    ...(await Promise.all(
      LINKS.map((link) =>
        aVisitor(site.url).send('GET', `${link}${encodeURIComponent('👩').repeat(700)}/in`, {}),
      ),
    )),
    ...(await Promise.all(LINKS.map((link) => aVisitor(site.url).send('HEAD', link.padEnd(1_400, 'a'), {})))),
    await aVisitor(site.url).send('GET', '/trpc/nowhere', {}),
    await aVisitor(site.url).send('PUT', '/trpc/nowhere', {}),
    await aVisitor(site.url).send('GET', '/admin/live', {}),
    await aVisitor(site.url).send('GET', '/admin/audit-log/export?format=csv', {}),
    await aVisitor(site.url).send('GET', '/admin/rules/export?format=csv', {}),
    await aVisitor(site.url).send('GET', '/logo', {}),
  ]
  for (const [index, answer] of refused.entries()) {
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expectStrict(answer, `refusal ${index}`)
  }
}, 60_000)

test('whatever somebody says where to lead them, the answer can carry it', async () => {
  const moderator = await signedIn(site)
  const wide = '/admin/rules?q=ꛨ▚'
  const long = `?${'a'.repeat(9_000)}`
  const led = [
    await moderator.postAlone('/preferences', { back: wide, theme: 'dark' }),
    await moderator.send('GET', `/admin/login/in?${new URLSearchParams({ next: wide }).toString()}`, {}),
    await moderator.send('GET', `/admin/figures${long}`, {}),
    await moderator.send(
      'GET',
      `/admin/login?${new URLSearchParams({ next: `/admin${long}` }).toString()}`,
      {},
    ),
  ]
  expect(led.map(({ status, headers }) => [status, headers.location])).toEqual([
    [303, '/admin/rules?q=%EA%9B%A8%E2%96%9A'],
    [303, '/admin/rules?q=%EA%9B%A8%E2%96%9A'],
    [308, '/admin/statistics'],
    [303, '/admin'],
  ])
})

test('a nonce is for one answer', async () => {
  const nonceOf = async () =>
    /'nonce-([^']+)'/.exec(
      String((await aVisitor(site.url).get('/admin/login')).headers['content-security-policy']),
    )?.[1]
  const nonces = [await nonceOf(), await nonceOf(), await nonceOf()]
  expect(nonces.every((nonce) => nonce !== undefined && nonce.length >= 16)).toBe(true)
  expect(new Set(nonces).size).toBe(3)
})

test('files of the build are what they say they are, also where the hooks are not asked', async () => {
  const { body } = await aVisitor(site.url).get('/register')
  const style = /href="([^"]+\.css)"/.exec(body)?.[1] ?? ''
  for (const path of [
    new URL(style, `${site.url}/register`).pathname,
    '/error.css',
    '/favicon.svg',
    '/robots.txt',
  ]) {
    const answer = await aVisitor(site.url).send('GET', path, {})
    expect([path, answer.status, answer.headers['x-content-type-options']]).toEqual([path, 200, 'nosniff'])
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
})

test('browsers are held to https where the site has it, this host alone, and nowhere else', async () => {
  const secure = await startSite({
    config: { site: { name: 'S', url: 'https://register.test' }, hosts: ['register.test'] },
  })
  onTestFinished(async () => void (await secure.stop()))
  for (const path of ['/', '/register', '/nowhere', '/trpc/nowhere', '/robots.txt', '/healthz']) {
    const { headers } = await aVisitor(secure.url).send('GET', path, { host: 'register.test' })
    expect([path, headers['strict-transport-security']]).toEqual([path, 'max-age=31536000'])
    const plain = await aVisitor(site.url).send('GET', path, {})
    expect([path, plain.headers['strict-transport-security']]).toEqual([path, undefined])
  }
}, 60_000)
