import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, MODERATOR, startSite, type Site } from '../../support/site'
import { aVisitor, type Answer } from '../../support/visitor'
import { JSON_BODY } from './people'

const ORIGIN = 'https://register.test'
let secure: Site
let plain: Site
beforeAll(async () => {
  secure = await startSite({ config: { site: { name: 'S', url: ORIGIN }, hosts: ['register.test'] } })
  plain = await startSite()
}, 60_000)
afterAll(async () => {
  await secure.stop()
  await plain.stop()
})

const linesOf = ({ headers }: Answer) => [headers['set-cookie'] ?? []].flat()

/** Goes the whole way at a site, over the API and by forms, and answers every cookie that was set. */
async function allCookies(site: Site, origin: string, name: string): Promise<string[]> {
  const person = aVisitor(site.url)
  const { host } = new URL(origin)
  const json = { ...JSON_BODY, host, origin }
  const form = { host, origin, 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
  const email = `${name}@mail.test`
  const lines: string[] = []
  const note = (answer: Answer) => {
    lines.push(...linesOf(answer))
    return answer
  }
  note(await person.send('POST', '/register', form, `username=${name}`))
  const address = `chosen=${name}&email=${encodeURIComponent(email)}`
  note(await person.send('POST', '/register/email', form, address))
  const link = new URL(linkIn(await site.mail.next(email), '/register/verify/')).pathname
  note(await person.send('POST', `${link}?/confirm`, form, ''))
  expect((await person.send('GET', '/register/account', { host })).body).toContain(`@${name}:`)
  note(await person.send('POST', '/preferences', form, 'language=de&theme=dark&back=%2F'))
  note(await person.send('POST', '/trpc/session.signIn', json, JSON.stringify(MODERATOR)))
  note(await person.send('POST', '/trpc/session.signOut', json, '{}'))
  return lines
}

test('with https every cookie that opens or holds something is bound to this host by its name', async () => {
  const lines = await allCookies(secure, ORIGIN, 'tls')
  const names = new Set(lines.map((line) => line.split('=')[0]))
  expect([...names].sort()).toEqual([
    '__Host-applicant',
    '__Host-draft',
    '__Host-half-way',
    '__Host-known-device',
    '__Host-session',
    'language',
    'theme',
  ])
  for (const line of lines) {
    expect(line).toMatch(/; Secure/i)
    expect(line).toMatch(/; Path=\/(?:;|$)/i)
    expect(line).toMatch(/; HttpOnly/i)
    expect(line).toMatch(/; SameSite=(?:Lax|Strict)/i)
    expect(line).not.toMatch(/; Domain=/i)
  }
})

test('without https they are as narrow as they can be', async () => {
  const lines = await allCookies(plain, plain.url, 'no-tls')
  expect(lines.length).toBeGreaterThan(4)
  for (const line of lines) {
    expect(line).toMatch(/; HttpOnly/i)
    expect(line).toMatch(/; SameSite=(?:Lax|Strict)/i)
    expect(line).not.toMatch(/; Domain=|; Secure|__Host-/i)
  }
})

test('a session or a draft that another host of the domain planted counts for nothing', async () => {
  const host = { host: 'register.test' }
  const thief = aVisitor(secure.url)
  await thief.send(
    'POST',
    '/trpc/session.signIn',
    { ...JSON_BODY, ...host, origin: ORIGIN },
    JSON.stringify(MODERATOR),
  )
  const session = thief.cookies.get('__Host-session') ?? ''
  expect((await thief.send('GET', '/admin', host)).status).toBe(200)
  const victim = aVisitor(secure.url)
  victim.cookies.set('session', session)
  victim.cookies.set('half-way', session)
  victim.cookies.set('draft', 'username=planted&email=thief%40mail.test')
  expect((await victim.send('GET', '/admin', host)).status).toBe(303)
  expect((await victim.send('GET', '/register', host)).body).not.toContain('planted')
})

test('nor does a registration that another host planted to be finished by somebody else', async () => {
  const host = { host: 'register.test' }
  const thief = aVisitor(secure.url)
  const email = 'thief@mail.test'
  const form = { ...host, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' }
  await thief.send('POST', '/register', form, 'username=planted')
  await thief.send('POST', '/register/email', form, `chosen=planted&email=${encodeURIComponent(email)}`)
  const link = new URL(linkIn(await secure.mail.next(email), '/register/verify/')).pathname
  await thief.send('POST', `${link}?/confirm`, form, '')
  expect((await thief.send('GET', '/register/account', host)).body).toContain('@planted:')
  const victim = aVisitor(secure.url)
  victim.cookies.set('applicant', thief.cookies.get('__Host-applicant') ?? '')
  expect((await victim.send('GET', '/register/account', host)).body).not.toContain('@planted:')
})

test('whatever stands in a cookie, a page is a page', async () => {
  for (const value of [
    '',
    'x',
    '"',
    "' or 1=1 --",
    '%00',
    '%E0%A4%A',
    'a'.repeat(3000),
    '__proto__',
    '[object Object]',
  ])
    for (const name of ['session', 'applicant', 'half-way', 'draft', 'theme', 'language']) {
      const cookie = `${name}=${value}`
      for (const path of ['/', '/register', '/register/account', '/register/status', '/admin/login/code'])
        expect([
          cookie.slice(0, 40),
          path,
          (await aVisitor(plain.url).send('GET', path, { cookie })).status < 400,
        ]).toEqual([cookie.slice(0, 40), path, true])
    }
  expect(plain.log()).not.toMatch(/A page failed|An API call threw an error/)
})
