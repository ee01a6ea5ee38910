import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, linkIn, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

const GARBAGE = ['{', 'null', '{"v":99}', '{"a":{"b":[]}}']
const KINDS = ['mail', 'open_account', 'notify_room', 'warn_opening', 'sing_a_song']

let site: Site
let administrator: ReturnType<typeof aVisitor>
const applicant = () => aVisitor(site.url)
let own: ReturnType<typeof aVisitor>
let status: string
let id: string
beforeAll(async () => {
  site = await startSite()
  administrator = aVisitor(site.url)
  await administrator.submit(await administrator.get('/admin/login'), MODERATOR)
  own = applicant()
  const address = await own.submit(await own.get('/register'), { username: 'river' })
  await own.submit(address, { email: 'river@mail.test' })
  const link = new URL(linkIn(await site.mail.next('river@mail.test'), '/register/verify/')).pathname
  const request = await own.submit(await own.get(link), {})
  await own.submit(request, {
    password: 'seven quiet herons at dusk',
    reason: 'I know two people from the repair café who are on your server.',
  })
  status = new URL(linkIn(await site.mail.next('river@mail.test', 1), '/register/status/')).pathname
  const { rows } = await askDatabase(site, 'select id from registrations')
  id = String(rows[0]?.['id'])
}, 60_000)
afterAll(() => site.stop())

const ask = (sql: string, args: (string | number)[] = []) => askDatabase(site, sql, args)
const now = Date.now()

test('no page falls over what stands in the database and cannot be read', async () => {
  const { rows } = await ask('select id from moderators')
  const me = String(rows[0]?.['id'])
  for (const [index, garbage] of GARBAGE.entries()) {
    for (const registration of [id, null])
      for (const kind of KINDS)
        await ask(
          `insert into jobs (id, lane, registration_id, kind, payload, state, run_at, created_at)
           values (?, ?, ${registration === null ? 'null' : `'${id}'`}, ?, ?, 'waiting', 1, ?)`,
          [`j-${index}-${kind}-${registration ?? ''}`, registration ?? 'nobody', kind, garbage, now],
        )
    for (const kind of ['name_lost', 'job_failed', 'signed_in', 'rang_a_bell'])
      await ask(
        'insert into events (registration_id, at, kind, actor, moderator_id, detail) values (?, ?, ?, ?, ?, ?)',
        [id, now, kind, 'moderator', me, garbage],
      )
    await ask('insert into replies (id, purpose, title, texts, changed_at) values (?, ?, ?, ?, 1)', [
      `r-${index}`,
      'deny',
      `Reply ${index}`,
      garbage,
    ])
    await ask(
      `insert into passkeys (id, moderator_id, public_key, counter, transports, name, created_at)
       values (?, ?, 'AA', 0, ?, 'Key', 1)`,
      [`p-${index}`, me, garbage],
    )
    for (const key of ['opening', 'invitation_codes_readable_until', 'second_factor_required'])
      await ask(
        'insert into settings (key, value, changed_at) values (?, ?, 1) on conflict (key) do update set value = excluded.value',
        [key, garbage],
      )
    await ask('update registrations set held_for = ?, denial = ?', [garbage, garbage])
    await ask('update tokens set brought = ?', [garbage])

    const desk = [
      '',
      '?tab=all',
      '?tab=trouble',
      `/registrations/${id}`,
      '/audit-log',
      '/audit-log/export?format=csv',
    ]
    const more = [
      '/audit-log/export?format=json',
      '/statistics',
      '/moderators',
      '/invitations',
      '/intake',
      '/rules',
    ]
    const last = ['/replies', `/replies/r-${index}`, '/account']
    for (const path of [...desk, ...more, ...last].map((rest) => `/admin${rest}`)) {
      const page = await administrator.get(path)
      expect([garbage, page.path, page.status]).toEqual([garbage, path, 200])
    }
    for (const path of ['/', '/register', '/register/status', status, '/readyz'])
      expect([path, garbage, (await own.get(path)).status]).toEqual([path, garbage, 200])
  }
  const settled = async () =>
    (await ask("select count(*) as n from jobs where state in ('waiting', 'running')")).rows[0]?.['n']
  for (let tries = 0; (await settled()) !== 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await settled()).toBe(0)
  expect((await administrator.get('/admin')).body).toContain('Install the latest version')
  expect((await administrator.get(`/admin/registrations/${id}`)).body).toContain('sing_a_song')
  const other = applicant()
  const address = await other.submit(await other.get('/register'), { username: 'brook' })
  await other.submit(address, { email: 'brook@mail.test' })
  await site.mail.next('brook@mail.test')
  const lines = site.log().split('\n')
  expect(lines.filter((line) => line.includes('"where":"events.detail"'))).toHaveLength(1)
  const { rows: aside } = await ask(
    "select count(*) as n from jobs where error like 'This version of the program cannot%'",
  )
  expect(aside[0]?.['n']).toBeGreaterThan(30)
  expect(lines.filter((line) => line.includes('was set aside'))).toHaveLength(Number(aside[0]?.['n']))
}, 60_000)
