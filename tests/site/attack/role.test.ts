import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { request, signedIn } from './people'

const DESK = join(import.meta.dirname, '../../../src/routes/admin/(desk)')
const PASSWORD = 'five odd lanterns in a row'

let site: Site
beforeAll(async () => {
  site = await startSite({ config: { registration: { invitations: 'optional' } } })
}, 60_000)
afterAll(() => site.stop())

/** Every page of the desk, by the folders of its routes. */
const pages = readdirSync(DESK, { recursive: true, withFileTypes: true })
  .filter(({ name }) => name === '+page.svelte')
  .map(({ parentPath }) => relative(DESK, parentPath).replace(/\([^)]*\)\/?/g, ''))
  .map((path) => (path === '' ? '/admin' : `/admin/${path.replace(/\/$/, '')}`))

async function colleague(name: string) {
  const who = ['--username', name, '--email', `${name}@desk.test`, '--role', 'moderator']
  await site.cli(['admin', 'create', ...who, '--password-stdin'], PASSWORD)
  const visitor = aVisitor(site.url)
  await visitor.submit(await visitor.get('/admin/login'), { username: name, password: PASSWORD })
  return visitor
}

/** Makes a code by the form, and answers it, from the page that shows it. */
async function makeCode(by: Awaited<ReturnType<typeof colleague>>, note: string, skip: boolean) {
  const form = { note, uses: '', days: '', ...(skip ? { skipReview: 'yes' } : {}) }
  const page = await by.post('/admin/invitations?/make', form)
  const code = /(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}/.exec(page.body)?.[0]
  if (code === undefined) throw new Error(`No code on the page:\n${page.body}`)
  return { code, page }
}

test('no page of a moderator, and nothing of its data, carries what is an administrator’s, or a secret', async () => {
  await request(site, 'brook')
  const administrator = await signedIn(site)
  const [skipping, plain] = [
    await makeCode(administrator, 'Only for staff', true),
    await makeCode(administrator, 'For a fair', false),
  ]
  await administrator.post('/admin/moderators?/invite', {
    email: 'invited@people.test',
    role: 'administrator',
  })
  await askDatabase(site, "update sessions set device = 'Netscape, Haiku', network = '198.51.100.0/24'")
  const moderator = await colleague('plain-colleague')
  const own = await makeCode(moderator, 'For friends', false)
  const { rows } = await askDatabase(
    site,
    `select password_hash as secret from moderators union select email from moderators where role = 'administrator'
      union select hash from invitations union select hash from moderator_tokens union select id from sessions
      union select hash from tokens union select key from attempts`,
  )
  const secrets = rows.map(({ secret }) => String(secret)).filter((secret) => secret.length > 5)
  const hidden = [
    ...secrets,
    skipping.code,
    plain.code,
    own.code,
    'Only for staff',
    'invited@people.test',
    'moderators@example.test',
    'stand-in-token',
    'Netscape',
    '198.51.100',
  ]
  expect(hidden.length).toBeGreaterThan(15)

  const { rows: known } = await askDatabase(site, 'select id from registrations')
  expect(pages.length).toBeGreaterThan(10)
  for (const page of pages) {
    const path = page
      .replace('registrations/[id]', `registrations/${String(known[0]?.['id'])}`)
      .replace('/[id]', '/new')
    for (const url of [path, `${path}/__data.json`]) {
      const answer = await moderator.send('GET', url, {})
      expect([url, answer.status]).toEqual([url, expect.toSatisfy((status: number) => status < 500)])
      for (const secret of hidden) expect([url, answer.body.includes(secret) && secret]).toEqual([url, false])
    }
  }
}, 60_000)

test('a code is on the page that follows its form, and in no other answer, whoever asks for it', async () => {
  const administrator = await signedIn(site)
  const { code, page } = await makeCode(administrator, 'Shown once', true)
  expect(page.path).toMatch(/\/admin\/invitations\?made=/)
  const moderator = await colleague('late-colleague')
  const again = await signedIn(site)
  for (const who of [administrator, again, moderator])
    for (const path of [page.path, page.path.replace('?', '/__data.json?'), '/admin/invitations'])
      expect([path, (await who.get(path)).body.includes(code)]).toEqual([path, false])
  // Not even with the cookie that carried it, in somebody else's browser.
  const sent = await administrator.postAlone('/admin/invitations?/make', {
    note: 'Carried',
    uses: '',
    days: '',
  })
  const cookie = /fresh-code=[^;]+/.exec(String(sent.headers['set-cookie']))?.[0] ?? ''
  expect(cookie).not.toBe('')
  const path = String(sent.headers.location)
  const session = [...moderator.cookies].map(([name, value]) => `${name}=${value}`)
  const stolen = await moderator.send('GET', path, { cookie: [...session, cookie].join('; ') })
  expect(stolen.status).toBe(200)
  expect(stolen.body).not.toMatch(/(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}/)
  const { rows } = await askDatabase(site, "select code from invitations where code <> ''")
  expect(rows).toEqual([])
  expect(site.log()).not.toContain(code)
}, 60_000)
