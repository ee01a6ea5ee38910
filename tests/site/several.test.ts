import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../support/site'
import { request, signedIn } from './attack/people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

test('a bulk decision that is refused keeps message, denial reason and ticks, also without scripts', async () => {
  for (const name of ['river', 'brook']) await request(site, name)
  const moderator = await signedIn(site)
  const { body } = await moderator.get('/admin?q=river')
  const item = /name="item" value="([^"]+)"/.exec(body)?.[1] ?? ''
  const message = 'Sorry, we are full. '.repeat(210)
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    origin: site.url,
    accept: 'text/html',
  }
  const several = (fields: Record<string, string>) =>
    moderator.send(
      'POST',
      '/admin?/several',
      headers,
      new URLSearchParams({ item, several: 'deny', several_category: 'spam', ...fields }).toString(),
    )
  const refused = await several({ several_message: message, several_silent: 'yes' })
  expect(refused.status).toBe(400)
  expect(refused.body).toContain('The message is too long')
  expect(refused.body).toContain(message)
  const tags = (name: string) => refused.body.match(new RegExp(`<input[^>]*name="${name}"[^>]*>`, 'g')) ?? []
  expect(tags('several_silent').map((tag) => tag.includes(' checked'))).toEqual([true])
  expect(tags('item').map((tag) => [tag.includes(item), tag.includes(' checked')])).toEqual([
    [true, true],
    [false, false],
  ])
  expect(refused.body).toMatch(/<option value="spam" selected/)

  const none = await several({ item: '', several_message: 'Half a sentence' })
  expect(none.body).toContain('Half a sentence')
  const decided = await several({ several_message: 'We are full' })
  expect(decided.status).toBe(200)
  expect(decided.body).toContain('1 request denied')
  expect(decided.body).not.toContain('We are full')
})
