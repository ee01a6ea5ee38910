import { randomBytes } from 'node:crypto'
import { createClient } from '@libsql/client'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, linkIn, startSite, type Site } from '../../support/site'
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
async function everyToken(waits = 'all-tokens', begins = 'unverified'): Promise<Record<string, string>> {
  const last = (link: string) => new URL(link).pathname.split('/').at(-1) ?? ''
  const { person, email } = await request(site, waits)
  const address = `${begins}@mail.test`
  await start(site, begins, address)
  const moderator = await signedIn(site)
  await moderator.send(
    'POST',
    '/trpc/moderators.invite',
    json(),
    JSON.stringify({ email: `new-${waits}@mail.test`, role: 'moderator' }),
  )
  await moderator.send(
    'POST',
    '/trpc/account.askAddress',
    json(),
    JSON.stringify({ email: `moved-${waits}@mail.test` }),
  )
  return {
    verification: last(linkIn(await site.mail.next(address), '/register/verify/')),
    status: last(linkIn(await site.mail.next(email, 1), '/register/status/')),
    applicant: person.cookies.get('applicant') ?? '',
    session: moderator.cookies.get('session') ?? '',
    invitation: last(linkIn(await site.mail.next(`new-${waits}@mail.test`), '/admin/join/')),
    address: last(linkIn(await site.mail.next(`moved-${waits}@mail.test`), '/admin/confirm/')),
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
    (await aVisitor(site.url).get(`/admin/confirm/${token}`)).body.includes('moved-all-tokens@mail.test'),
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

test('a link confirms once and lets its holder in until the request is in; looking at it, as mail scanners do, changes nothing', async () => {
  await start(site, 'single-use', 'single-use@mail.test')
  const token =
    new URL(linkIn(await site.mail.next('single-use@mail.test'), '/register/verify/')).pathname
      .split('/')
      .at(-1) ?? ''
  for (const method of ['GET', 'HEAD', 'GET'])
    expect((await aVisitor(site.url).send(method, `/register/verify/${token}`, {})).status).toBe(200)
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('verification.confirm', { token })))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(new Set(answers.map(({ headers }) => String(headers['set-cookie']))).size).toBe(10)
  const { rows } = await askDatabase(site, "select * from events where kind = 'verified'")
  const [registration] = (
    await askDatabase(site, "select id from registrations where username = 'single-use'")
  ).rows
  expect(rows.filter((row) => row.registration_id === registration?.id)).toHaveLength(1)

  const holder = aVisitor(site.url)
  const account = await holder.submit(await holder.get(`/register/verify/${token}`), {})
  await holder.submit(account, {
    password: 'seven quiet herons at dusk',
    reason: 'I know two people from the repair café who are on your server.',
  })
  const late = await call('verification.confirm', { token })
  expect([late.status, late.headers['set-cookie']]).toEqual([410, undefined])
  expect((await aVisitor(site.url).get(`/register/verify/${token}`)).status).toBe(410)
  for (const path of ['registration.request', 'registration.chooseUsername', 'registration.withdraw'])
    expect((await call(path, { token, reason: '', legal: true, username: 'other' })).status).toBeGreaterThan(
      400,
    )
})

test('by a link one acts for its registration alone, and only by the kinds that a page of it uses', async () => {
  const tokens = await everyToken('by-link', 'by-link-new')
  const acts: Record<string, [input: object, kinds: string[]]> = {
    'registration.request': [{ reason: 'x', legal: true }, ['verification', 'status']],
    'registration.chooseUsername': [{ username: 'other' }, ['verification', 'status']],
    'registration.setPassword': [{ password: 'x' }, ['status']],
    'registration.answer': [{ text: '' }, ['status']],
    'registration.withdraw': [{ shown: 'somebody:else' }, ['status']],
    'registration.speak': [{ language: 'de' }, ['verification', 'status']],
  }
  for (const [path, [input, kinds]] of Object.entries(acts))
    for (const [kind, token] of Object.entries(tokens)) {
      const { body } = await call(path, { ...input, token })
      expect([path, kind, body.includes('link_broken')]).toEqual([path, kind, !kinds.includes(kind)])
    }
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
