import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { request, signedIn } from './people'

const MARKUP = `<script>alert(1)</script> <img src=x onerror=alert(1)> "two" 'one' & {admin_url} {{x}} @room`
const TURNED = 'a friend \u202Elive\u202C of \u2066yours\u2069, who \u200Bhides'
const LINES = 'one\r\nBcc: victim@mail.test\r\n\r\n<h1>two</h1>\nSubject: three\u2028four'
const ROOM = '#moderators:example.test'

let site: Site
beforeAll(async () => {
  site = await startSite({
    config: {
      site: { name: 'Desk <b>of</b> "us" & them' },
      matrix_notifications: {
        enabled: true,
        admin_room: { room_id: ROOM, message_template: '{username}: {reason} | {admin_url}' },
      },
    },
  })
}, 60_000)
afterAll(async () => {
  await site.stop()
})

/** The path of a request in the list. */
async function pathOf(name: string) {
  const moderator = await signedIn(site)
  const { body } = await moderator.get('/admin?tab=all')
  const row = new RegExp(`href="(/admin/registrations/[\\w-]+)[^"]*"[^>]*>${name}<`)
  return { moderator, path: row.exec(body)?.[1] ?? '' }
}

test('a message in a Matrix room is plain text that calls nobody and turns nothing, whatever the reason says', async () => {
  await request(site, 'in-a-room', `${MARKUP} ${TURNED}`)
  const room = () => site.standIn?.room(ROOM)?.messages ?? []
  await expect.poll(() => room().length, { timeout: 15_000 }).toBe(1)
  const [first] = room()
  const turnedBack = TURNED.replace(/[\u202E\u202C\u2066\u2069]/g, '')
  expect(first?.content).toEqual({
    msgtype: 'm.text',
    body: expect.stringMatching(/^in-a-room: .* \| http:\/\/127\.0\.0\.1:\d+\/admin\/registrations\/[\w-]+$/),
    'm.mentions': {},
  })
  expect(JSON.stringify(first?.content)).toContain(JSON.stringify(`${MARKUP} ${turnedBack}`).slice(1, -1))
})

test('no words of a person begin a line of a mail’s head, nor an element of its body', async () => {
  const { email } = await request(site, 'lines', LINES)
  const { moderator, path } = await pathOf('lines')
  await moderator.post(`${path}?/ask`, { text: LINES })
  const asked = await site.mail.next(email, 2)
  const version = /name="version"[^>]*value="(\d+)"/.exec((await moderator.get(path)).body)?.[1] ?? ''
  await moderator.post(`${path}?/decide`, { version, decision: 'deny', message: `${MARKUP}\r\n${LINES}` })
  const denied = await site.mail.next(email, 3)
  for (const mail of [asked, denied]) {
    expect(mail.bcc).toBeUndefined()
    expect(mail.cc).toBeUndefined()
    expect([mail.to].flat().map((to) => to?.text)).toEqual([email])
    expect(mail.subject).not.toMatch(/three|[\r\n]/)
    expect(mail.html).toContain('Bcc: victim@mail.test')
    expect(mail.html).not.toMatch(/<script|<h1>two|<img src=x|<b>of<\/b>/)
    expect(mail.headers.has('bcc')).toBe(false)
  }
  expect(site.mail.mails.some(({ to }) => JSON.stringify(to).includes('victim'))).toBe(false)
})

test('an address that would be two, or a command, is none', async () => {
  for (const email of [
    'a@mail.test, victim@mail.test',
    'a@mail.test\r\nRCPT TO:<victim@mail.test>',
    'a@mail.test\nBcc: victim@mail.test',
    '"a\r\nb"@mail.test',
    'a b@mail.test',
    'a@mail.test;victim@mail.test',
    'a\u0000@mail.test',
    '@mail.test:victim@mail.test',
    'a@[127.0.0.1]',
  ]) {
    const person = aVisitor(site.url)
    await person.post('/register', { username: 'two-mails' })
    const answer = await person.post('/register/email', { email, chosen: 'two-mails' })
    expect([email, answer.status]).toEqual([email, 400])
  }
  expect(JSON.stringify(site.mail.mails.map(({ to }) => to))).not.toContain('victim')
})

test('an address as mail programs copy it is the one address in it, whatever its name says', async () => {
  for (const email of [
    '<copied@mail.test>',
    '"victim@mail.test, Name" <copied@mail.test>',
    'copied@mail.test>',
  ]) {
    const person = aVisitor(site.url)
    await person.post('/register', { username: 'one-mail' })
    const answer = await person.post('/register/email', { email, chosen: 'one-mail' })
    expect([email, answer.status]).toEqual([email, 200])
  }
  await site.mail.next('copied@mail.test')
  expect(JSON.stringify(site.mail.mails.map(({ to }) => to))).not.toContain('victim')
})

test('characters that turn the text round, or hide, are shown to moderators by their names, wherever it stands', async () => {
  const { person } = await request(site, 'shown', TURNED)
  const { moderator, path } = await pathOf('shown')
  await moderator.post(`${path}?/ask`, { text: 'Who is that?' })
  await person.submit(await person.get('/register/status'), { text: `${TURNED} indeed` })
  for (const page of ['/admin?tab=all', path]) {
    const { body } = await moderator.get(page)
    const main = /<main[\s\S]*<\/main>/.exec(body)?.[0] ?? ''
    expect([page, main.match(/[\u202A-\u202E\u2066-\u2069\u200B]/g)]).toEqual([page, null])
    for (const code of ['U+202E', 'U+2066', 'U+200B']) expect(main).toContain(code)
  }
  const { body } = await moderator.get(path)
  expect(body.split('U+202E').length - 1).toBeGreaterThanOrEqual(2)
})

test('names are of letters that cannot be taken for others, nor for markup', async () => {
  for (const username of [
    '<b>x</b>',
    'аdmin',
    'a\u202Eb',
    'a\u200Bb',
    'ａｂ©',
    "x' or ''='",
    'x\r\ny',
    '_x',
    'x"y',
  ]) {
    const answer = await aVisitor(site.url).post('/register', { username })
    expect([username, answer.status]).toEqual([username, 400])
    expect(answer.body).not.toContain('<b>x</b>')
  }
})

test.each([
  ['beyond ASCII', '%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9'],
  ['a turn of direction', '%E2%80%AEevil'],
  ['no character', 'a%00b'],
  ['a line break', 'zq%0ABcc:%20x%40mail.test'],
  ['half an escape', '%25'],
])('a link whose code has %s leads to a page, and never into a header as it is', async (_, code) => {
  for (const link of ['/register/verify', '/register/status']) {
    const answer = await aVisitor(site.url).send('GET', `${link}/${code}/in`, { accept: 'text/html' })
    expect([answer.status, answer.headers.location]).toEqual([303, `${link}/${code}?in`])
  }
  const moderator = await signedIn(site)
  for (const action of ['approve', 'release', 'ask', 'dismiss']) {
    const answer = await moderator.send(
      'POST',
      `/admin/registrations/${code}?/${action}`,
      { 'content-type': 'application/x-www-form-urlencoded', origin: site.url },
      'version=1',
    )
    expect([action, answer.status < 500]).toEqual([action, true])
  }
})
