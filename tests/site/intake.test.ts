import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, startSite, type Site } from '../support/site'
import { aVisitor, formsIn } from '../support/visitor'
import { JSON_BODY, request, signedIn, start } from './attack/people'

const CLOSED = 'Registration is closed'
const ZU = 'Die Registrierung ist geschlossen'
const START = 'href="/register"'

let site: Site
beforeAll(async () => {
  site = await startSite({ config: { registration: { max_waiting: 2 } } })
}, 60_000)
afterAll(() => site.stop())

/** The first page as somebody sees it who comes with this language and theme. */
async function landing(language = 'en', theme = 'system'): Promise<string> {
  const visitor = aVisitor(site.url)
  visitor.cookies.set('theme', theme)
  const headers = { accept: 'text/html', 'accept-language': language }
  return (await visitor.send('GET', '/', headers)).body
}
const trpc = (path: string, input: unknown, method = 'POST') =>
  method === 'POST'
    ? aVisitor(site.url).send('POST', `/trpc/${path}`, JSON_BODY, JSON.stringify(input))
    : aVisitor(site.url).send('GET', `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, {})

test('the request that fills the last place closes every way in at once, and nothing is got round', async () => {
  for (const language of ['en', 'de']) expect(await landing(language, 'dark')).toContain(START)
  const { person: started } = await start(site, 'begun', 'begun@mail.test')
  const early = aVisitor(site.url)
  const addressPage = await early.submit(await early.get('/register'), { username: 'early' })
  const namePage = await aVisitor(site.url).get('/register')
  await request(site, 'first')
  const second = await request(site, 'second')

  for (const theme of ['dark', 'light', 'system']) {
    for (const [language, words] of [
      ['en', CLOSED],
      ['de', ZU],
    ] as const) {
      const page = await landing(language, theme)
      expect(page).toContain(words)
      expect(page).not.toContain(START)
    }
  }
  const register = await aVisitor(site.url).get('/register')
  expect(register.status).toBe(200)
  expect(register.body).toContain(CLOSED)
  expect(formsIn(register.body)).toEqual([])

  const before = site.mail.mails.length
  const refused = [
    await aVisitor(site.url).submit(namePage, { username: 'late' }),
    await early.submit(addressPage, { email: 'early@mail.test' }),
    await started.post('/register/email', { email: 'begun@mail.test', chosen: 'begun' }),
  ]
  for (const page of refused) {
    expect(page.status).toBe(403)
    expect(page.body).toContain(CLOSED)
    expect(formsIn(page.body)).toEqual([])
  }

  const wish = { username: 'late', email: 'late@mail.test' }
  const call = await trpc('registration.start', wish)
  expect(call.status).toBe(403)
  expect(JSON.parse(call.body)).toMatchObject({
    error: { data: { refusal: { code: 'registration_closed', until: null } } },
  })
  const batch = await trpc('registration.start,registration.start?batch=1', { 0: wish, 1: wish })
  expect(batch.status).toBe(400)
  const check = await trpc('registration.checkUsername', { username: 'late' }, 'GET')
  expect(check.body).toContain('registration_closed')
  expect((await trpc('intake.open', { until: '' })).status).toBe(401)

  const link = new URL(linkIn(await site.mail.next('begun@mail.test'), '/register/verify/')).pathname
  const verify = await aVisitor(site.url).get(link)
  expect(verify.body).toContain('begun@mail.test')
  expect(formsIn(verify.body)).toEqual([])
  expect((await aVisitor(site.url).post(`${link}?/confirm`, {})).body).toContain(CLOSED)
  expect((await trpc('verification.confirm', { token: link.split('/').at(-1) })).status).toBe(403)
  // Those who asked, and the moderators, hear of it; nobody else does.
  const sent = site.mail.mails.slice(before).map(({ to }) => [to].flat()[0]?.text)
  expect(sent.filter((to) => /late|early|begun/.test(to ?? ''))).toEqual([])

  expect((await second.person.get('/register/status')).body).toContain('@second:')
  const again = aVisitor(site.url)
  const asked = await again.submit(await again.get('/register/again'), { email: second.email })
  expect(asked.path).toMatch(/^\/register\/again\?sent&draft=/)

  const moderator = await signedIn(site)
  const queue = await moderator.get('/admin')
  expect(queue.body).toContain('too many requests are waiting')
  const saved = await moderator.post('/admin/intake?/open', { until: '' })
  expect(saved.path).toBe('/admin/intake?saved')
  expect(await landing()).toContain(START)
  expect((await trpc('registration.start', wish)).status).toBe(200)
}, 60_000)

test('a message is text, whatever it looks like, and the first page changes with it', async () => {
  const moderator = await signedIn(site)
  const nasty = '</p><script>alert(1)</script> & <b>back</b>\n"soon"'
  await moderator.post('/admin/intake?/close', { en: nasty, de: '', until: '2099-01-01' })
  expect(await landing()).toContain(START)
  const soon = new Date(Date.now() + 5 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
  const tooLong = { en: 'a'.repeat(1001), de: '', until: soon }
  expect((await moderator.post('/admin/intake?/close', tooLong)).status).toBe(400)
  expect(await landing()).toContain(START)
  const saved = await moderator.post('/admin/intake?/close', { en: nasty, de: '', until: soon })
  expect(saved.path).toBe('/admin/intake?saved')
  for (const language of ['en', 'de']) {
    const page = await landing(language)
    expect(page).toContain('&lt;/p>&lt;script>alert(1)&lt;/script> &amp; &lt;b>back&lt;/b>\n"soon"')
    expect(page).not.toContain('<script>alert')
    expect(page).toContain(`${soon}T00:00:00.000Z`)
  }
  await moderator.post('/admin/intake?/close', { en: 'Other words', de: 'Andere Worte', until: '' })
  expect(await landing('de')).toContain('Andere Worte')
  expect(await landing('en')).toContain('Other words')
  await moderator.post('/admin/intake?/open', { until: '' })
  expect(await landing()).toContain(START)
})
