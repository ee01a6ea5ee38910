import { randomBytes } from 'node:crypto'
import { createClient } from '@libsql/client'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, request, signedIn, start } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

const json = () => ({ ...JSON_BODY, origin: site.url })
const call = (path: string, input: unknown) =>
  aVisitor(site.url).send('POST', `/trpc/${path}`, json(), JSON.stringify(input))

/** One token of each purpose that leaves the house: by mail, or as a cookie. */
async function everyToken(): Promise<Record<string, string>> {
  const last = (link: string) => new URL(link).pathname.split('/').at(-1) ?? ''
  const { person, email } = await request(site, 'all-tokens')
  const address = 'unverified@mail.test'
  await start(site, 'unverified', address)
  const moderator = await signedIn(site)
  await moderator.send(
    'POST',
    '/trpc/people.invite',
    json(),
    JSON.stringify({ email: 'new@mail.test', role: 'moderator' }),
  )
  await moderator.send(
    'POST',
    '/trpc/account.askAddress',
    json(),
    JSON.stringify({ email: 'moved@mail.test' }),
  )
  return {
    verification: last(linkIn(await site.mail.next(address), '/register/verify/')),
    status: last(linkIn(await site.mail.next(email, 1), '/register/status/')),
    applicant: person.cookies.get('applicant') ?? '',
    session: moderator.cookies.get('session') ?? '',
    invitation: last(linkIn(await site.mail.next('new@mail.test'), '/admin/join/')),
    address: last(linkIn(await site.mail.next('moved@mail.test'), '/admin/confirm/')),
  }
}

/** What each kind of token opens, and how it is seen that it did. */
const DOORS: Record<string, (token: string) => Promise<boolean>> = {
  verification: async (token) => (await aVisitor(site.url).get(`/register/verify/${token}`)).status === 200,
  status: async (token) => (await aVisitor(site.url).get(`/register/status/${token}`)).status === 200,
  applicant: async (token) => {
    const one = aVisitor(site.url)
    one.cookies.set('applicant', token)
    return (await one.get('/register/status')).body.includes('all-tokens')
  },
  session: async (token) => {
    const one = aVisitor(site.url)
    one.cookies.set('session', token)
    return (await one.get('/admin')).path === '/admin'
  },
  invitation: async (token) =>
    (await aVisitor(site.url).get(`/admin/join/${token}`)).body.includes('name="password"'),
  address: async (token) =>
    (await aVisitor(site.url).get(`/admin/confirm/${token}`)).body.includes('moved@mail.test'),
}

test('a token opens what it is for and nothing else, is 256 bits long, and stands nowhere as it is', async () => {
  const tokens = await everyToken()
  for (const [purpose, token] of Object.entries(tokens)) {
    expect([purpose, token]).toEqual([purpose, expect.stringMatching(/^[\w-]{43}$/)])
    for (const [door, opens] of Object.entries(DOORS))
      expect([purpose, door, await opens(token)]).toEqual([purpose, door, purpose === door])
  }
  expect(new Set(Object.values(tokens)).size).toBe(6)
  const client = createClient({ url: `file:${join(site.folder, 'registration.db')}`, timeout: 5_000 })
  const { rows: tables } = await client.execute(
    "select name from sqlite_master where type = 'table' and name not like 'search%'",
  )
  for (const { name } of tables) {
    const { rows } = await client.execute(`select * from "${String(name)}"`)
    const text = JSON.stringify(rows)
    for (const [purpose, token] of Object.entries(tokens))
      expect([purpose, name, text.includes(token)]).toEqual([purpose, name, false])
  }
  client.close()
  for (const token of Object.values(tokens)) expect(site.log()).not.toContain(token)
}, 60_000)

test('a link is followed once; who looks at it, a mail scanner say, uses nothing up', async () => {
  await start(site, 'single-use', 'single-use@mail.test')
  const token =
    new URL(linkIn(await site.mail.next('single-use@mail.test'), '/register/verify/')).pathname
      .split('/')
      .at(-1) ?? ''
  for (const method of ['GET', 'HEAD', 'GET'])
    expect((await aVisitor(site.url).send(method, `/register/verify/${token}`, {})).status).toBe(200)
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('verification.confirm', { token })))
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([200, ...Array.from({ length: 9 }, () => 410)])
  expect(answers.filter(({ headers }) => headers['set-cookie'] !== undefined)).toHaveLength(1)
})

test('no other spelling of a token is one, and a guess tells nothing', async () => {
  await start(site, 'spelled', 'spelled@mail.test')
  const token =
    new URL(linkIn(await site.mail.next('spelled@mail.test'), '/register/verify/')).pathname
      .split('/')
      .at(-1) ?? ''
  const flipped = token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  const bodies = new Set<string>()
  for (const guess of [
    flipped,
    token.slice(0, -1),
    `${token}=`,
    `${token}A`,
    `${token} `,
    token.toLowerCase() === token ? token.toUpperCase() : token.toLowerCase(),
    token.slice(0, -1) + String.fromCharCode(token.charCodeAt(42) + 1),
    randomBytes(32).toString('base64url'),
    randomBytes(32).toString('hex'),
    "' or '1'='1",
    '%',
  ]) {
    const answer = await call('verification.confirm', { token: guess })
    expect([guess, answer.status]).toEqual([guess, 404])
    bodies.add(answer.body)
  }
  expect(bodies.size).toBe(1)
  expect((await call('verification.confirm', { token })).status).toBe(200)
})
