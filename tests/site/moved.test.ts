import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../support/site'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

test.each([
  ['/admin/people', '/admin/moderators'],
  ['/admin/people?changed=1&x=%2F', '/admin/moderators?changed=1&x=%2F'],
  ['/admin/figures?days=7', '/admin/statistics?days=7'],
  ['/admin/history', '/admin/audit-log'],
  ['/admin/history/export?format=csv', '/admin/audit-log/export?format=csv'],
  ['/admin/opening', '/admin/intake'],
  ['/admin/opening/%0d%0ax//evil.test', '/admin/intake/%0d%0ax//evil.test'],
])('%s leads to %s', async (from, to) => {
  const { status, headers } = await fetch(`${site.url}${from}`, { redirect: 'manual' })
  expect([status, headers.get('location')]).toEqual([308, to])
})

test.each(['/admin/registration/userregistration/', '/admin/registration/userregistration/5/change/'])(
  '%s of the Django program leads to the queue',
  async (path) => {
    const { url } = await fetch(site.url + path)
    expect(new URL(url).pathname).toBe('/admin/login')
  },
)

test.each(['verify-email', 'set-password'])(
  'a link to %s that nobody here has sent leads to a page that says so',
  async (path) => {
    for (const token of [
      'k'.repeat(43),
      'rSqwJ28PkScxspZICvPBgmooqCY6xYzAbCdEfGhIjKlM'.slice(0, 43),
      'x',
      '%00',
      'a%2Fb',
    ]) {
      const response = await fetch(`${site.url}/${path}/${token}/`)
      expect([token, response.status < 500, new URL(response.url).pathname.startsWith('/register/')]).toEqual(
        [token, true, true],
      )
      expect(await response.text()).toContain('<h1')
    }
  },
)

test.each(['/admin/nothing', '/admin/nothing/more'])('%s was never there', async (path) => {
  expect((await fetch(`${site.url}${path}`, { redirect: 'manual' })).status).toBe(404)
})

test('a form of a page that was open meanwhile is sent on as it is', async () => {
  const { status, headers } = await fetch(`${site.url}/admin/opening?/close`, {
    method: 'POST',
    headers: { origin: site.url },
    body: new URLSearchParams({ en: 'Back in May' }),
    redirect: 'manual',
  })
  expect([status, headers.get('location')]).toEqual([308, '/admin/intake?/close'])
})
