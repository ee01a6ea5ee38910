import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor, formsIn, type Answer } from '../support/visitor'
import { formsOn, linksOn } from './fuzz/pages'

const REASON = 'I know two people from the repair café who are on your server.'
const PASSWORD = 'seven quiet herons at dusk'
const HOSTS = ['127.0.0.1', 'localhost', 'register.test', 'other.test', '.shared.test']

let plain: Site
let secure: Site
beforeAll(async () => {
  plain = await startSite({ config: { hosts: HOSTS } })
  secure = await startSite({ config: { hosts: HOSTS, site: { name: 'S', url: 'https://register.test' } } })
}, 60_000)
afterAll(async () => {
  await plain.stop()
  await secure.stop()
})

type Headers = Record<string, string | null>
const browser = (site: Site, headers: Headers) => aVisitor(site.url, new Agent({ keepAlive: true }), headers)
const cookiesOf = ({ headers }: Answer) => [headers['set-cookie'] ?? []].flat()

/** From the name to the request, then a change of theme, a call of the API, and the desk. */
async function wholeWay(site: Site, headers: Headers, name: string): Promise<void> {
  const person = browser(site, headers)
  const chosen = await person.submit(await person.get('/register'), { username: name })
  expect([chosen.status, chosen.path]).toEqual([200, '/register/email'])
  const sent = await person.submit(chosen, { email: `${name}@mail.test` })
  expect([sent.status, sent.path]).toEqual([200, expect.stringMatching(/^\/register\/email\?sent/)])
  const link = new URL(linkIn(await site.mail.next(`${name}@mail.test`), '/register/verify/'))
  expect(link.origin).toBe(site === secure ? 'https://register.test' : site.url)
  const account = await person.submit(await person.get(link.pathname), {})
  expect(account.path).toMatch(/^\/register\/account/)
  const asked = await person.submit(account, { password: PASSWORD, reason: REASON })
  expect([asked.status, asked.path]).toEqual([200, expect.stringMatching(/^\/register\/status/)])
  expect(asked.body).toContain(`@${name}:`)
  expect((await person.post('/preferences', { theme: 'dark', back: '/register/status' })).body).toContain(
    'data-theme="dark"',
  )

  const origin = headers['origin'] === undefined ? { origin: site.url } : {}
  const json = { 'content-type': 'application/json', ...origin }
  const signIn = '/trpc/session.signIn'
  const called = await person.send('POST', signIn, json, JSON.stringify(MODERATOR))
  expect(called.status).toBe(200)
  expect((await person.get('/admin')).path).toBe('/admin')

  const moderator = browser(site, headers)
  const desk = await moderator.submit(
    await moderator.get('/admin/login?next=%2Fadmin%2Faudit-log'),
    MODERATOR,
  )
  expect([desk.status, desk.path]).toEqual([200, '/admin/audit-log'])
}

describe('every name in hosts is a full way in', () => {
  const port = () => new URL(plain.url).port
  test.each<[string, () => [Site, Headers]]>([
    ['site.url', () => [plain, {}]],
    ['localhost', () => [plain, { host: `localhost:${port()}`, origin: `http://localhost:${port()}` }]],
    ['its-other-port', () => [plain, { host: '127.0.0.1', origin: 'http://127.0.0.1:8080' }]],
    ['a-published-port', () => [plain, { host: 'localhost:8080', origin: 'http://localhost:8080' }]],
    ['https-unknown-here', () => [plain, { host: 'register.test', origin: 'https://register.test' }]],
    [
      'https-on-a-port',
      () => [
        plain,
        { host: '127.0.0.1:3000', origin: 'https://register.test:8443', 'sec-fetch-site': 'same-origin' },
      ],
    ],
    ['below-a-domain', () => [plain, { host: 'a.shared.test', origin: 'https://a.shared.test' }]],
    ['no-origin', () => [plain, { origin: null }]],
    ['referer', () => [plain, { origin: null, referer: `${plain.url}/register` }]],
    ['secure', () => [secure, { host: 'register.test', origin: 'https://register.test' }]],
    ['secure-port', () => [secure, { host: 'register.test', origin: 'https://register.test:8443' }]],
    ['secure-no-origin', () => [secure, { host: 'register.test', origin: null }]],
    [
      'secure-other-name',
      () => [secure, { host: 'other.test', origin: 'https://other.test', 'sec-fetch-site': 'same-origin' }],
    ],
    ['secure-by-http', () => [secure, { host: 'localhost:1', origin: 'http://localhost:1' }]],
    ['secure-intranet', () => [secure, { host: 'other.test', origin: 'http://other.test' }]],
    [
      'secure-text-browser',
      () => [secure, { host: 'other.test', origin: null, referer: 'http://other.test/register' }],
    ],
  ])(
    'as %s',
    async (name, given) => {
      const [site, headers] = given()
      await wholeWay(site, headers, name)
    },
    60_000,
  )

  test('where the browser has no https it gets cookies that it keeps', async () => {
    const form = { host: 'other.test', 'content-type': 'application/x-www-form-urlencoded' }
    const set = async (origin: string) =>
      cookiesOf(
        await aVisitor(secure.url).send('POST', '/register', { ...form, origin }, 'username=somebody'),
      )
    expect(await set('http://other.test')).toEqual([expect.stringMatching(/^draft=(?!.*; Secure)/i)])
    expect(await set('https://other.test')).toEqual([expect.stringMatching(/^__Host-draft=.*; Secure/i)])
  })
})

describe('what is refused is told in our words', () => {
  const evil = { origin: 'https://evil.test' }

  test.each([
    ['en', 'This came from another website'],
    ['de', 'Das kam von einer anderen Website'],
  ])('a form of another site, in %s', async (language, title) => {
    const person = aVisitor(plain.url)
    person.cookies.set('theme', 'dark')
    const headers = { ...evil, 'accept-language': language }
    const answer = await person.postAlone('/register/email?/start', { email: 'a@mail.test' }, headers)
    expect(answer.status).toBe(403)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body).toContain(`lang="${language}" dir="ltr" data-theme="dark"`)
    expect(answer.body).toContain(`<h1>${title}</h1>`)
    expect(answer.body).toContain('href="/register/email"')
    expect(answer.body).not.toContain('a@mail.test')
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'; style-src 'self' 'sha256-/)
  })

  test('a form with files, an action that there is not, and a name that is not ours', async () => {
    const person = aVisitor(plain.url)
    const files = {
      accept: 'text/html',
      origin: plain.url,
      'content-type': 'multipart/form-data; boundary=x',
    }
    const page = await person.send('POST', '/register', files, '--x--\r\n')
    expect([page.status, page.body]).toEqual([415, expect.stringContaining('take only text, no files')])
    const action = await person.postAlone('/register?/default', {})
    expect([action.status, action.body]).toEqual([404, expect.stringContaining('use its buttons')])
    const host = await person.send('GET', '/register', { host: 'elsewhere.test', accept: 'text/html' })
    expect(host.status).toBe(400)
    expect(host.body).toContain('This site has a different address')
    expect(host.body).toContain(`href="${plain.url}/"`)
  })

  test('a call of the API, and a form that a page sent by script, get what scripts read', async () => {
    const person = aVisitor(plain.url)
    const json = { ...evil, 'content-type': 'application/json', 'accept-language': 'de' }
    const call = await person.send('POST', '/trpc/session.signOut', json, '{}')
    expect(call.status).toBe(403)
    expect(JSON.parse(call.body)).toMatchObject({
      error: { message: expect.stringContaining('andere Website'), data: { httpStatus: 403 } },
    })
    const form = await person.postAlone('/register', {}, { ...evil, 'x-sveltekit-action': 'true' })
    expect(JSON.parse(form.body)).toMatchObject({ type: 'error', status: 403 })
  })

  test('and stands in the log, with the hosts and without what was typed, once for many', async () => {
    for (let count = 0; count < 50; count++)
      await aVisitor(plain.url).postAlone('/register', { username: 'typed.by.somebody' }, evil)
    await aVisitor(plain.url).send('GET', '/', { host: 'elsewhere.test' })
    const lines = plain.log().split('\n')
    expect(lines.filter((line) => line.includes('cross-site request was refused')).length).toBeLessThan(3)
    expect(lines.some((line) => line.includes('"from":"https://evil.test"'))).toBe(true)
    expect(lines.some((line) => line.includes('"host":"elsewhere.test"'))).toBe(true)
    expect(plain.log()).not.toContain('typed.by.somebody')
  })
})

test('a form that is posted has a field, or text browsers would send it by GET', async () => {
  const moderator = aVisitor(plain.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  const person = aVisitor(plain.url)
  const begun = await person.submit(await person.get('/register'), { username: 'fields' })
  await person.submit(begun, { email: 'fields@mail.test' })
  const link = new URL(linkIn(await plain.mail.next('fields@mail.test'), '/register/verify/')).pathname
  const pages: [ReturnType<typeof aVisitor>, string][] = [
    ...[link, '/register', '/register/email', '/register/again'].map(
      (path) => [person, path] as [typeof person, string],
    ),
    ...linksOn((await moderator.get('/admin')).body, '/admin').map(
      (path) => [moderator, path] as [typeof person, string],
    ),
  ]
  let count = 0
  for (const [visitor, path] of pages)
    for (const { method, fields, targets } of formsOn((await visitor.get(path)).body, path)) {
      if (method !== 'post') continue
      count++
      expect([path, targets[0]?.path, fields.length > 0]).toEqual([path, targets[0]?.path, true])
    }
  expect(count).toBeGreaterThan(20)

  const confirmed = await person.submit(await person.get(link), {})
  await person.submit(confirmed, { password: PASSWORD, reason: REASON })
  expect(formsIn((await person.get('/register/status')).body).every(({ names }) => names.length > 0)).toBe(
    true,
  )
})
