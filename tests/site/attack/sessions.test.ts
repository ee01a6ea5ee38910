import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { askDatabase, linkIn, MODERATOR, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, request, signedIn } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

describe('what an answer carries', () => {
  test('cookies that scripts cannot read, for this site alone', async () => {
    const person = aVisitor(site.url)
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

  test.each(['/admin', '/trpc/moderation.revision', '/admin/login'])(
    'the cookie of a session that is half over, extended with it (%s)',
    async (path) => {
      const person = await signedIn(site)
      await askDatabase(site, 'update sessions set expires_at = expires_at - ?', [4 * 24 * 60 * 60])
      const { headers } = await person.send('GET', path, {})
      const lines = [headers['set-cookie'] ?? []].flat().filter((line) => line.startsWith('session='))
      expect(lines).toEqual([expect.stringMatching(/Max-Age=604800\b.*HttpOnly/i)])
    },
  )

  test('at the end of a session: that the browser forgets what it holds of the desk', async () => {
    const person = await signedIn(site)
    const answer = await person.send(
      'POST',
      '/admin/login?/signOut',
      { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', origin: site.url },
      '',
    )
    expect(answer.status).toBe(303)
    expect(answer.headers['clear-site-data']).toBe('"cache"')
    expect((await person.send('GET', '/admin', {})).status).toBe(303)
  })

  test('cookies that are never sent without TLS, where the site has it', async () => {
    const secure = await startSite({
      config: { site: { name: 'S', url: 'https://register.test' }, hosts: ['register.test'] },
    })
    onTestFinished(async () => void (await secure.stop()))
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
  }, 60_000)
})

describe('rights', () => {
  test('the desk is closed to whoever is not signed in, page and API alike', async () => {
    const person = aVisitor(site.url)
    expect((await person.get('/admin')).path).toMatch(/^\/admin\/login/)
    expect((await person.get('/admin/registrations/anything')).path).toMatch(/^\/admin\/login/)
    expect(
      (await person.send('GET', `/trpc/moderation.queue?input=${encodeURIComponent('{"tab":"all"}')}`, {}))
        .status,
    ).toBe(401)
    const decide = await person.send(
      'POST',
      '/trpc/moderation.decide',
      JSON_BODY,
      '{"id":"x","version":1,"decision":"approve","message":"","silent":true}',
    )
    expect(decide.status).toBe(401)
  })

  test('a link to the status of one is no key to another, and no verification link is a status link', async () => {
    const { email } = await request(site, 'status-one')
    const verification =
      new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname.split('/').at(-1) ?? ''
    expect((await aVisitor(site.url).get(`/register/status/${verification}`)).status).toBe(404)
  })

  test('signing out ends the session on the server', async () => {
    const moderator = await signedIn(site)
    const stolen = new Map(moderator.cookies)
    const desk = await moderator.get('/admin')
    const action = /action="([^"]*(?:logout|signOut|sign-out)[^"]*)"/i.exec(desk.body)?.[1]
    expect(action).toBeDefined()
    await moderator.post(
      new URL(action ?? '', `${site.url}/admin`).pathname + new URL(action ?? '', `${site.url}/admin`).search,
      {},
    )
    const thief = aVisitor(site.url)
    for (const [name, value] of stolen) thief.cookies.set(name, value)
    expect((await thief.get('/admin')).path).toMatch(/^\/admin\/login/)
  })
})
