import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { askDatabase, freePort, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site | undefined
afterEach(async () => {
  await site?.stop()
  site = undefined
})

interface Line {
  level: number
  check?: string
  key?: string
  remedy?: string
  msg: string
}
/** What stands on a page. */
const wordsIn = (html: string): string =>
  (/<main[\s>][\s\S]*<\/main>/.exec(html)?.[0] ?? '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')

const INFO = 30
const WARN = 40
const ERROR = 50

/** What the checks of the start logged, once the last of them did. */
async function linesOf({ log }: Site): Promise<Line[]> {
  const lines = () =>
    log()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line)
      .filter(({ check }) => check !== undefined)
  await expect
    .poll(() => lines().some(({ check }) => check?.startsWith('mail.')), { timeout: 20_000 })
    .toBe(true)
  return lines()
}

async function signedIn({ url }: Site, { username, password } = MODERATOR) {
  const visitor = aVisitor(url)
  const first = await visitor.submit(await visitor.get('/admin/login'), { username, password })
  return { visitor, first }
}

test('a start logs a line for each check, without a secret', async () => {
  site = await startSite({ config: { log: { checks_at_start: true } } })
  const lines = await linesOf(site)
  expect(lines.filter(({ level }) => level > INFO)).toEqual([])
  expect(lines.map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'program.version',
      'config.settings',
      'files.database',
      'homeserver.token',
      'mail.connection',
    ]),
  )
  expect(lines.find(({ check }) => check === 'homeserver.token')?.msg).toContain('example.test')
  expect(site.log()).not.toContain('stand-in-token')
}, 60_000)

test('servers that are away stop no start, and are told with key and remedy', async () => {
  const away = `http://127.0.0.1:${await freePort()}`
  site = await startSite({
    config: {
      log: { checks_at_start: true },
      synapse: { server: away, domain: 'example.test', admin_token: 'stand-in-token' },
      email: { host: '127.0.0.1', port: await freePort(), from: 'desk@example.test' },
    },
  })
  const wrong = (await linesOf(site)).filter(({ level }) => level >= WARN)
  expect(wrong.map(({ level, check, key }) => ({ level, check, key }))).toEqual([
    { level: ERROR, check: 'homeserver.address', key: 'synapse.server' },
    { level: ERROR, check: 'mail.connection', key: 'email.host' },
  ])
  for (const { remedy } of wrong) expect(remedy).toMatch(/\w/)
  expect((await fetch(`${site.url}/`)).status).toBe(200)
}, 60_000)

test('an administrator of a new installation sees first whether everything is set up, and a moderator the queue', async () => {
  site = await startSite({ isNew: true })
  const { first, visitor } = await signedIn(site)
  expect(first.path).toBe('/admin/set-up')
  const text = wordsIn(first.body)
  expect(text).toContain('Is everything set up?')
  expect(text).toContain('administrators sign in with a password alone')
  expect(text).toContain('The mail server accepts desk@example.test')
  expect(first.body).not.toContain('stand-in-token')
  expect((await visitor.get('/admin')).path).toBe('/admin')

  const made = await site.cli(
    [
      'admin',
      'create',
      '--username',
      'second',
      '--email',
      'second@example.test',
      '--role',
      'moderator',
      '--password-stdin',
    ],
    'a password of the second',
  )
  expect(made.err).toBe('')
  const second = { username: 'second', password: 'a password of the second' }
  await askDatabase(site, "delete from settings where key = 'set_up_seen'")
  const other = await signedIn(site, second)
  expect(other.first.path).toBe('/admin')
  expect(other.first.body).not.toContain('/admin/set-up')
  expect((await other.visitor.get('/admin/set-up')).status).toBe(403)
  const again = await signedIn(site)
  expect(again.first.path).toBe('/admin/set-up')

  expect((await signedIn(site)).first.path).toBe('/admin')
}, 90_000)

test('what is wrong is on the page with its key and its remedy', async () => {
  site = await startSite({
    isNew: true,
    config: { matrix_notifications: { enabled: true, admin_room: { room_id: '!no:example.test' } } },
  })
  const { first } = await signedIn(site)
  const text = wordsIn(first.body)
  expect(text).toContain('Something is not set up yet')
  expect(text).toContain('matrix_notifications.admin_room.room_id')
  expect(text).toContain('What to do:')
  expect(text).toContain('…/registration.db')
  expect(first.body).not.toContain(site.folder)
}, 60_000)

test('settings that were changed since the start are told on the page and by the command', async () => {
  site = await startSite()
  const { visitor } = await signedIn(site)
  const words = 'Settings were changed since the start of the service'
  expect(wordsIn((await visitor.get('/admin/set-up')).body)).not.toContain(words)
  await appendFile(join(site.folder, 'config.yaml'), '\ntrust_proxy: true\n')
  expect(wordsIn((await visitor.get('/admin/set-up')).body)).toContain(words)
  const { out } = await site.cli(['doctor'])
  expect(out).toMatch(/^warning {2}config\.running: .*\n {9}→ Restart the service/m)
}, 60_000)

test('a test email is said to be sent only once the mail server has it', async () => {
  site = await startSite({ isNew: true })
  const { visitor, first } = await signedIn(site)
  const sent = await visitor.submit(first, { email: 'operator@example.test' })
  expect(wordsIn(sent.body)).toContain('The mail server accepted the email to operator@example.test')
  expect((await site.mail.next('operator@example.test')).subject).toMatch(/test/i)

  const wrong = await visitor.submit(first, { email: 'operator' })
  expect(wrong.status).toBe(400)
  expect(wordsIn(wrong.body)).not.toContain('The mail server accepted')

  await site.mail.close()
  const failed = await visitor.submit(first, { email: 'operator@example.test' })
  expect(wordsIn(failed.body)).toContain('The email was not sent')
  expect(wordsIn(failed.body)).not.toContain('The mail server accepted')
}, 90_000)

test('nobody makes it send more than some test emails a day', async () => {
  site = await startSite({ isNew: true })
  const { visitor, first } = await signedIn(site)
  const send = () => visitor.submit(first, { email: 'operator@example.test' })
  for (let count = 0; count < 20; count++) expect((await send()).status).toBe(200)
  const refused = await send()
  expect(refused.status).toBe(429)
  expect(wordsIn(refused.body)).not.toContain('The mail server accepted')
}, 120_000)
