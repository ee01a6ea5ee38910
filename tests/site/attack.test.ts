import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

const REASON = 'I know two people from the repair café who are on your server.'
const PASSWORD = 'seven quiet herons at dusk'
let site: Site

beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

const visitor = (of = site) => aVisitor(of.url)
const json = { 'content-type': 'application/json' }

async function start(name: string, email: string, of = site, headers: Record<string, string> = {}) {
  const person = visitor(of)
  await person.submit(await person.get('/register'), { username: name })
  const page = await person.get('/register/email')
  const answer = await person.post(actionOf(page.body), { email }, headers)
  return { person, answer }
}

/** Where the step's form with the address goes. */
function actionOf(html: string): string {
  const main = /<main[\s\S]*<\/main>/.exec(html)?.[0] ?? ''
  const form = [...main.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].find(([, , inside = '']) =>
    inside.includes('name="email"'),
  )
  const action = /action="([^"]*)"/.exec(form?.[1] ?? '')?.[1] ?? ''
  return action.startsWith('/register') ? action : `/register/email${action}`
}

async function request(name: string, of = site, reason = REASON) {
  const email = `${name}@mail.test`
  const { person } = await start(name, email, of)
  const link = linkIn(await of.mail.next(email), '/register/verify/')
  const account = await person.submit(await person.get(new URL(link).pathname), {})
  const answer = await person.submit(account, { password: PASSWORD, reason })
  return { person, email, answer }
}

async function signedIn(of = site) {
  const moderator = visitor(of)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  return moderator
}

describe('other sites cannot act here', () => {
  test('a mutation without content type, as any page can send it, does not run', async () => {
    const moderator = await signedIn()
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'https://evil.test', ...json },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      {},
    ]) {
      const answer = await moderator.send('POST', '/trpc/session.signOut', {
        ...headers,
        'content-length': '0',
      } as Record<string, string>)
      expect([403, 415]).toContain(answer.status)
    }
    expect((await moderator.get('/admin')).path).toBe('/admin')
  })

  test('a query from another site is refused, as answers could be read through a mistake in CORS', async () => {
    const query = `/trpc/registration.checkUsername?input=${encodeURIComponent('{"username":"free"}')}`
    expect((await visitor().send('GET', query, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await visitor().send('GET', query, { 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  test('a form from another site is refused on every page that takes one', async () => {
    const moderator = await signedIn()
    for (const path of [
      '/register',
      '/register/email',
      '/register/account',
      '/admin/login',
      '/preferences',
      '/register/again',
    ])
      for (const origin of ['https://evil.test', 'null', site.url.replace('http:', 'https:')])
        expect((await moderator.post(path, { username: 'x' }, { origin })).status).toBe(403)
  })

  test('other methods get a word and no error', async () => {
    for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect([403, 405]).toContain((await visitor().send(method, '/trpc/session.signOut', json)).status)
  })

  test('one request carries one call', async () => {
    const input = encodeURIComponent('{"0":{"username":"a"},"1":{"username":"b"}}')
    for (const path of [
      '/trpc/registration.checkUsername,registration.checkUsername?batch=1',
      '/trpc/registration.checkUsername%2Cregistration.checkUsername?batch=1',
      '/trpc/registration.checkUsername%2cregistration.checkUsername',
      '/trpc/registration.checkUsername%252Cregistration.checkUsername',
      '/trpc/registration.checkUsername?batch=1',
      '/trpc/registration.checkUsername?%62atch=1',
    ])
      expect(
        (await visitor().send('GET', `${path}${path.includes('?') ? '&' : '?'}input=${input}`, {})).status,
        path,
      ).toBe(400)
  })
})

describe('what a request claims', () => {
  test('another Host is refused, and no mail carries it', async () => {
    const answer = await visitor().send('GET', '/', { host: 'evil.test' })
    expect(answer.status).toBe(400)
    expect(answer.body).not.toContain('evil.test')
    expect((await visitor().send('GET', '/', { host: `evil.test:${new URL(site.url).port}` })).status).toBe(
      400,
    )
    await start('host-claim', 'host-claim@mail.test', site, {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
    })
    expect(linkIn(await site.mail.next('host-claim@mail.test'), '/register/verify/')).toMatch(
      new RegExp(`^${site.url}/`),
    )
  })

  test('health is answered for any Host, and each part has its own word', async () => {
    expect((await visitor().send('GET', '/healthz', { host: 'anything' })).status).toBe(200)
    const ready = await visitor().send('GET', '/readyz', {})
    expect(ready.status).toBe(200)
    expect(JSON.parse(ready.body)).toEqual({ database: 'ok', homeserver: 'ok' })
  })
})

describe('what an answer carries', () => {
  test('a policy without unsafe words on every page, errors included, and nothing of other hosts', async () => {
    for (const path of [
      '/',
      '/register',
      '/register/again',
      '/admin/login',
      '/nowhere',
      '/register/status/nonsense',
    ]) {
      const { headers, body } = await visitor().get(path)
      const policy = String(headers['content-security-policy'])
      expect(policy, path).toContain("default-src 'none'")
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
      })
      expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\/(?!127\.0\.0\.1)/)
      expect(body).not.toMatch(/<[^>]+\sstyle="|<[^>]+\son[a-z]+="/)
      for (const [tag] of body.matchAll(/<script\b[^>]*>/g)) expect(tag).toMatch(/nonce="[^"]+"|src="/)
      for (const [, css = ''] of body.matchAll(/<style>([\s\S]*?)<\/style>/g))
        expect(policy).toContain(`'sha256-${createHash('sha256').update(css).digest('base64')}'`)
    }
  })

  test('cookies that scripts cannot read, for this site alone', async () => {
    const person = visitor()
    const page = await person.get('/admin/login')
    const action = /<main[\s\S]*?action="([^"]*)"/.exec(page.body)?.[1] ?? ''
    const body = new URLSearchParams(MODERATOR).toString()
    const answer = await person.send(
      'POST',
      `/admin/login${action}`,
      { 'content-type': 'application/x-www-form-urlencoded', origin: site.url },
      body,
    )
    const cookie = [answer.headers['set-cookie'] ?? []].flat().find((line) => line.startsWith('session='))
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
    expect(cookie).toMatch(/Path=\//i)
  })

  test('cookies that are never sent without TLS, where the site has it', async () => {
    const secure = await startSite({
      config: { site: { name: 'S', url: 'https://register.test' }, hosts: ['register.test'] },
    })
    const person = aVisitor(secure.url)
    const host = { host: 'register.test', origin: 'https://register.test' }
    const page = await person.send('GET', '/admin/login', host)
    const action = /<main[\s\S]*?action="([^"]*)"/.exec(page.body)?.[1] ?? ''
    const form = { ...host, 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await person.send(
      'POST',
      `/admin/login${action}`,
      form,
      new URLSearchParams(MODERATOR).toString(),
    )
    const cookie = [answer.headers['set-cookie'] ?? []].flat().find((line) => line.includes('session='))
    expect(cookie).toMatch(/^__Host-session=/)
    expect(cookie).toMatch(/Secure/)
    await secure.stop()
  }, 60_000)

  test('what people typed, escaped, wherever it is shown', async () => {
    const reason = `<script>alert(1)</script> "quoted" & <img src=x onerror=alert(1)> ${'x'.repeat(20)}`
    const { email } = await request('markup', site, reason)
    const moderator = await signedIn()
    const queue = await moderator.get('/admin')
    const one = await moderator.get(/\/admin\/registrations\/[\w-]+/.exec(queue.body)?.[0] ?? '')
    for (const { body } of [queue, one]) {
      expect(body).not.toContain('<script>alert')
      expect(body).not.toContain('<img src=x')
    }
    const form = new URLSearchParams({ message: '<script>alert(2)</script>\r\nBcc: victim@mail.test' })
    await moderator.submit(one, { message: form.get('message') ?? '', decision: 'approve' })
    const told = await site.mail.next(email, 2)
    expect(told.html).not.toContain('<script>')
    expect(told.bcc).toBeUndefined()
    expect(site.mail.mails.some((mail) => JSON.stringify(mail.to).includes('victim'))).toBe(false)
  })

  test('the same page for an address that is known and one that is not', async () => {
    const { email } = await request('known-one')
    const strip = (body: string, address: string, name: string) =>
      body
        .replaceAll(address, 'ADDRESS')
        .replaceAll(encodeURIComponent(address), 'ADDRESS')
        .replaceAll(name, 'NAME')
        .replace(/nonce="[^"]+"/g, '')
        .replace(/__sveltekit_\w+/g, '')
    const known = await start('other-name', email)
    const unknown = await start('third-name', 'never-seen@mail.test')
    expect(known.answer.status).toBe(unknown.answer.status)
    expect(strip(known.answer.body, email, 'other-name')).toBe(
      strip(unknown.answer.body, 'never-seen@mail.test', 'third-name'),
    )
    expect((await site.mail.next(email, 2)).text).not.toContain('/register/verify/')
    expect((await site.mail.next('never-seen@mail.test')).text).toContain('/register/verify/')
  })

  test('no stack and no inside of an error, to whoever sends nonsense', async () => {
    for (const [method, path, body] of [
      ['POST', '/trpc/registration.start', '{"username":'],
      ['POST', '/trpc/registration.start', '{"username":{"a":1},"email":[]}'],
      ['POST', '/trpc/registration.nowhere', '{}'],
      ['GET', '/trpc/registration.checkUsername?input=%00', undefined],
      ['GET', '/register/status/%E0%A4%A', undefined],
      ['GET', `/register/verify/${'a'.repeat(5000)}`, undefined],
    ] as const) {
      const answer = await visitor().send(method, path, method === 'POST' ? json : {}, body)
      expect(answer.status, path.slice(0, 60)).toBeGreaterThanOrEqual(400)
      expect(answer.status, path.slice(0, 60)).toBeLessThan(500)
      expect(answer.body).not.toMatch(/\bat .+:\d+:\d+|node_modules|stack|sqlite/i)
    }
  })

  test('the first page in each language and theme of its own, however often and in whatever order it is asked for', async () => {
    const ask = async (language: string, theme: string) => {
      const person = visitor()
      person.cookies.set('language', language)
      person.cookies.set('theme', theme)
      return (await person.get('/')).body
    }
    for (let round = 0; round < 2; round++)
      for (const language of ['en', 'de'])
        for (const theme of ['dark', 'light'])
          expect(await ask(language, theme)).toMatch(
            new RegExp(`^<!doctype html>\\s*<html lang="${language}" data-theme="${theme}">`),
          )
  })

  test('a body beyond every form is refused', async () => {
    const answer = await visitor().post('/register', { username: 'x'.repeat(400_000) })
    expect(answer.status).toBe(413)
  })
})

describe('rights', () => {
  test('the desk is closed to whoever is not signed in, page and API alike', async () => {
    const person = visitor()
    expect((await person.get('/admin')).path).toMatch(/^\/admin\/login/)
    expect((await person.get('/admin/registrations/anything')).path).toMatch(/^\/admin\/login/)
    expect(
      (await person.send('GET', `/trpc/moderation.queue?input=${encodeURIComponent('{"tab":"all"}')}`, {}))
        .status,
    ).toBe(401)
    const decide = await person.send(
      'POST',
      '/trpc/moderation.decide',
      json,
      '{"id":"x","version":1,"decision":"approve","message":"","silent":true}',
    )
    expect(decide.status).toBe(401)
  })

  test('a link to the status of one is no key to another, and no verification link is a status link', async () => {
    const { email } = await request('status-one')
    const verification =
      new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname.split('/').at(-1) ?? ''
    expect((await visitor().get(`/register/status/${verification}`)).status).toBe(404)
  })

  test('signing out ends the session on the server', async () => {
    const moderator = await signedIn()
    const stolen = new Map(moderator.cookies)
    const desk = await moderator.get('/admin')
    const action = /action="([^"]*(?:logout|signOut|sign-out)[^"]*)"/i.exec(desk.body)?.[1]
    expect(action).toBeDefined()
    await moderator.post(
      new URL(action ?? '', `${site.url}/admin`).pathname + new URL(action ?? '', `${site.url}/admin`).search,
      {},
    )
    const thief = visitor()
    for (const [name, value] of stolen) thief.cookies.set(name, value)
    expect((await thief.get('/admin')).path).toMatch(/^\/admin\/login/)
  })
})

describe('the address of whoever asks', () => {
  async function mailsUntilRefused(of: Site, forwarded: (index: number) => string): Promise<number> {
    for (let index = 0; index < 5; index++) {
      const name = `limit-${Math.random().toString(36).slice(2, 10)}`
      const { answer } = await start(name, `${name}@mail.test`, of, { 'x-forwarded-for': forwarded(index) })
      if (answer.status === 429) return index
    }
    return 5
  }

  test('cannot be claimed: without a trusted proxy the header counts for nothing', async () => {
    const limited = await startSite({
      config: { rate_limit: { email_submission: 2, email_submission_hours: 1 } },
    })
    expect(await mailsUntilRefused(limited, (index) => `198.51.100.${index}`)).toBe(2)
    await limited.stop()
  }, 60_000)

  test('is the one that the proxy saw, whatever the client wrote before it', async () => {
    const limited = await startSite({
      config: { trust_proxy: true, rate_limit: { email_submission: 2, email_submission_hours: 1 } },
    })
    expect(await mailsUntilRefused(limited, (index) => `198.51.${index}.1, 203.0.113.9`)).toBe(2)
    expect(await mailsUntilRefused(limited, (index) => `203.0.113.9, 198.51.${index}.1`)).toBe(5)
    await limited.stop()
  }, 60_000)
})
