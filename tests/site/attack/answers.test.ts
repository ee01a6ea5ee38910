import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, request, signedIn, start } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
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
      const { headers, body } = await aVisitor(site.url).get(path)
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

  test('what people typed, escaped, wherever it is shown', async () => {
    const reason = `<script>alert(1)</script> "quoted" & <img src=x onerror=alert(1)> ${'x'.repeat(20)}`
    const { email } = await request(site, 'markup', reason)
    const moderator = await signedIn(site)
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

  test('a previewed email has a policy of its own, by which it does nothing and stands in our frames alone', async () => {
    await request(site, 'framed')
    const moderator = await signedIn(site)
    const path =
      /\/admin\/registrations\/[\w-]+/.exec((await moderator.get('/admin?q=framed')).body)?.[0] ?? ''
    const fields = { preview: 'deny', message: '<script>alert(3)</script>' }
    const mail = await moderator.post(`${path}/mail`, fields)
    expect(mail.body).toContain('&lt;script>alert(3)')
    const policy = String(mail.headers['content-security-policy'])
    expect(policy.split('; ').sort()).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'self'",
      'sandbox',
      "style-src 'unsafe-inline'",
    ])
    expect(mail.headers).toMatchObject({
      'x-frame-options': 'SAMEORIGIN',
      'cache-control': 'private, no-store',
    })
    const stranger = await aVisitor(site.url).post(`${path}/mail`, fields)
    expect(stranger.body).not.toContain('<body class="paper"')
    expect(stranger.headers['x-frame-options']).toBe('DENY')
  })

  test('the same page for an address that is known and one that is not', async () => {
    const { email } = await request(site, 'known-one')
    const strip = (body: string, address: string, name: string) =>
      body
        .replaceAll(address, 'ADDRESS')
        .replaceAll(encodeURIComponent(address), 'ADDRESS')
        .replaceAll(name, 'NAME')
        .replace(/nonce="[^"]+"/g, '')
        .replace(/__sveltekit_\w+/g, '')
        // Of what a form carries, just what is new in every page: the rest of it has to be the same.
        .replace(/(&quot;(?:nonce|salt|signature)&quot;:&quot;)[0-9a-f]+/g, '$1')
        .replace(/(&quot;madeAt&quot;:)\d+/g, '$1')
    const known = await start(site, 'other-name', email)
    const unknown = await start(site, 'third-name', 'never-seen@mail.test')
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
      const answer = await aVisitor(site.url).send(method, path, method === 'POST' ? JSON_BODY : {}, body)
      expect(answer.status, path.slice(0, 60)).toBeGreaterThanOrEqual(400)
      expect(answer.status, path.slice(0, 60)).toBeLessThan(500)
      expect(answer.body).not.toMatch(/\bat .+:\d+:\d+|node_modules|stack|sqlite/i)
    }
  })

  test('the first page in each language and theme of its own, however often and in whatever order it is asked for', async () => {
    const ask = async (language: string, theme: string) => {
      const person = aVisitor(site.url)
      person.cookies.set('language', language)
      person.cookies.set('theme', theme)
      return (await person.get('/')).body
    }
    for (let round = 0; round < 2; round++)
      for (const language of ['en', 'de'])
        for (const theme of ['dark', 'light'])
          expect(await ask(language, theme)).toMatch(
            new RegExp(`^<!doctype html>\\s*<html lang="${language}" dir="ltr" data-theme="${theme}">`),
          )
  })

  test('a body beyond every form is refused', async () => {
    const answer = await aVisitor(site.url).post('/register', { username: 'x'.repeat(400_000) })
    expect(answer.status).toBe(413)
  })
})
