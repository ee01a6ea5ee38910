import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, startSite, type Site } from '../../support/site'
import { aVisitor, formsIn } from '../../support/visitor'
import { request, signedIn } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

/** A request that waits, and a moderator who looks at it. */
async function waiting(name: string) {
  const { email, person } = await request(site, name)
  const moderator = await signedIn(site)
  const { body } = await moderator.get('/admin?tab=all')
  const row = new RegExp(`href="(/admin/registrations/[\\w-]+)[^"]*"[^>]*>${name}<`)
  const path = row.exec(body)?.[1] ?? ''
  return { email, person, moderator, path }
}

test('words of a talk are escaped wherever they are shown, and start no line of a mail’s head', async () => {
  const { email, person, moderator, path } = await waiting('talk-markup')
  const words = '<script>alert(1)</script> <img src=x onerror=alert(1)>\r\nBcc: victim@mail.test'
  await moderator.post(`${path}?/ask`, { text: words })
  await moderator.post(`${path}?/note`, { text: `note ${words}` })
  const told = await site.mail.next(email, 2)
  expect(told.html).not.toContain('<script>')
  expect(told.bcc).toBeUndefined()
  const asked = await person.get('/register/status')
  const status = await person.submit(asked, { text: `answer ${words}` })
  expect(status.body).toContain('answer &lt;script>')
  expect(status.body).not.toContain('note ')
  const desk = await moderator.get(path)
  const preview = await moderator.post(`${path}?/preview`, { preview: 'ask', text: words })
  for (const { body } of [status, desk, preview]) {
    expect(body).not.toContain('<script>alert')
    expect(body).not.toContain('<img src=x')
  }
})

test('nobody asks, notes, claims, reopens, previews or looks after replies without signing in', async () => {
  const { email, moderator, path } = await waiting('talk-stranger')
  const stranger = aVisitor(site.url)
  for (const action of ['ask', 'note', 'take', 'release', 'reopen', 'preview']) {
    const answer = await stranger.post(`${path}?/${action}`, { text: 'Hello', message: 'Hello' })
    expect(answer.path, action).toMatch(/^\/admin\/login/)
  }
  for (const page of ['/admin/replies?/start', '/admin/replies/new?/save', '/admin/replies/any?/remove'])
    expect((await stranger.post(page, { title: 'T', en: 'Hello' })).path, page).toMatch(/^\/admin\/login/)
  const { body } = await moderator.get(path)
  expect(body).not.toContain('Hello')
  expect((await moderator.get('/admin/replies')).body).toContain('?/start')
  expect(site.mail.mails.filter((mail) => JSON.stringify(mail.to).includes(email))).toHaveLength(2)
})

test('what no page of ours sends is refused with its status, and nothing is changed', async () => {
  const { email, person, moderator, path } = await waiting('talk-forged')
  const status = async (target: string, fields: Record<string, string>) =>
    (await moderator.post(target, fields)).status
  expect(await status('/admin/registrations/forged?/ask', { text: 'Hello' })).toBe(404)
  expect(await status('/admin/registrations/forged?/take', {})).toBe(404)
  expect(await status(`${path}?/ask`, {})).toBe(400)
  expect(await status(`${path}?/ask`, { text: 'x'.repeat(4001) })).toBe(400)
  expect(await status(`${path}?/ask`, { text: 'x'.repeat(200_000) })).toBe(400)
  expect(await status(`${path}?/note`, { text: 'x'.repeat(1_000_000) })).toBe(413)
  expect(await status(`${path}?/reopen`, { version: 'NaN', message: '' })).toBe(400)
  expect(await status(`${path}?/decide`, { decision: 'deny', version: '1', category: 'forged' })).toBe(400)
  expect(await status('/admin/replies/forged?/save', { title: 'T', en: 'Hello' })).toBe(404)
  expect(await status('/admin/replies/forged?/remove', {})).toBe(404)
  expect((await moderator.get('/admin/replies/forged')).status).toBe(404)
  const [withdrawal] = formsIn((await person.get('/register/status')).body)
  const unasked = { ...withdrawal?.hidden, text: 'Unasked' }
  expect((await person.post('/register/status?/answer', unasked)).status).toBe(409)
  const page = await moderator.get(path)
  expect(page.body).toContain('No messages yet.')
  expect(page.body).toContain('No notes yet.')
  expect(site.mail.mails.filter((mail) => JSON.stringify(mail.to).includes(email))).toHaveLength(2)
})

test('an answer that is refused keeps what was typed, also behind the link of the mail', async () => {
  const { email, moderator, path } = await waiting('talk-long')
  await moderator.post(`${path}?/ask`, { text: 'Who are you?' })
  const link = new URL(linkIn(await site.mail.next(email, 2), '/register/status/')).pathname
  const elsewhere = aVisitor(site.url)
  const refused = await elsewhere.submit(await elsewhere.get(link), { text: `begin ${'x'.repeat(2000)}` })
  expect(refused.status).toBe(400)
  expect(refused.body).toContain('begin xxx')
  const sent = await elsewhere.submit(refused, { text: 'A friend' })
  expect(sent).toMatchObject({ status: 200, path: link })
  expect(sent.body).toContain('A friend')
  expect((await elsewhere.get('/register/status/forged?/answer')).status).toBe(404)
})
