import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askDatabase, MODERATOR, startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

/** What the desk's stream says, as it comes. */
async function listen(cookies: Map<string, string>, look: Record<string, string> = {}) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  let heard = ''
  let ended = false
  const sent = httpRequest(`${site.url}/admin/live?${String(new URLSearchParams(look))}`, {
    headers: { cookie },
  })
  const status = await new Promise<number>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (heard += chunk))
      response.on('end', () => (ended = true))
      response.on('error', () => (ended = true))
      resolve(response.statusCode ?? 0)
    })
    sent.end()
  })
  return { status, heard: () => heard, ended: () => ended, close: () => sent.destroy() }
}

test('the desk hears of a change, and nobody else does', async () => {
  expect((await listen(new Map())).status).toBe(401)
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  const stream = await listen(moderator.cookies)
  expect(stream.status).toBe(200)
  await expect.poll(stream.heard).toContain('event: beat')
  const visitor = aVisitor(site.url)
  const address = await visitor.submit(await visitor.get('/register'), { username: 'heard-of' })
  await expect
    .poll(
      async () => {
        await visitor.submit(address, { email: 'heard-of@mail.test' })
        return stream.heard()
      },
      { timeout: 15_000, interval: 1_500 },
    )
    .toContain('event: change')
  stream.close()
}, 60_000)

test('who still has to set up a second factor hears nothing', async () => {
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  await askDatabase(
    site,
    "insert into settings (key, value, changed_at) values ('second_factor_required', 'true', 1)",
  )
  try {
    const { rows } = await askDatabase(site, 'select count(*) as n from looks')
    for (const path of ['/admin/live', '/admin/live?look=r-1', '/admin/live?x=%00'])
      expect((await moderator.send('GET', path, {})).status).toBe(403)
    expect((await askDatabase(site, 'select count(*) as n from looks')).rows).toEqual(rows)
    for (const path of ['/admin/audit-log/export?format=csv', '/admin/rules/export?format=csv'])
      expect((await moderator.send('GET', path, {})).status).toBe(403)
  } finally {
    await askDatabase(site, 'delete from settings')
  }
}, 60_000)

test('a page that closes leaves the ones that are open, and the last one nobody', async () => {
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  const [registration] = (await askDatabase(site, 'select id from registrations')).rows
  const look = String(registration?.['id'])
  /** Returns the ID of this load of the page. */
  const load = async () => {
    const { body } = await moderator.get(`/admin/registrations/${look}`)
    return /\bload:"([\w-]+)"/.exec(body)?.[1] ?? ''
  }
  const open = async (page: string) => {
    const stream = await listen(moderator.cookies, { look, page })
    await expect.poll(stream.heard).toContain('event: beat')
    return stream
  }
  const looks = async () => (await askDatabase(site, 'select registration_id from looks')).rows.length
  const [one, other] = [await load(), await load()]
  await expect.poll(looks).toBe(2)
  const first = await open(one)
  expect(await looks()).toBe(2)
  first.close()
  await expect.poll(looks).toBe(1)
  const second = await open(other)
  const reloaded = await open(await load())
  second.close()
  await expect.poll(looks).toBe(1)
  // What a page fetches that is open already is no other page.
  await moderator.send('GET', `/admin/registrations/${look}/__data.json`, {})
  reloaded.close()
  await expect.poll(looks).toBe(0)
}, 60_000)

test('a stream that is open does not keep the program from stopping', async () => {
  const moderator = aVisitor(site.url)
  await moderator.submit(await moderator.get('/admin/login'), MODERATOR)
  const stream = await listen(moderator.cookies)
  expect(stream.status).toBe(200)
  // Left alone, the server would wait 30 seconds for this connection.
  expect(
    await Promise.race([site.stop(), new Promise((resolve) => setTimeout(resolve, 15_000, 'still there'))]),
  ).toBe(0)
  await expect.poll(stream.ended).toBe(true)
}, 60_000)
