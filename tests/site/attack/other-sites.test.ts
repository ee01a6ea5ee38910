import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { JSON_BODY, signedIn } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

describe('other sites cannot act here', () => {
  test('a mutation without content type, as any page can send it, does not run', async () => {
    const moderator = await signedIn(site)
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'https://evil.test', ...JSON_BODY },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      {},
    ]) {
      const answer = await moderator.send('POST', '/trpc/session.signOut', {
        ...headers,
        'content-length': '0',
      } as Record<string, string>)
      expect([403, 415]).toContain(answer.status)
    }
    expect((await moderator.get('/admin')).path).toBe('/admin')
  })

  test('a query from another site is refused, as answers could be read through a mistake in CORS', async () => {
    const query = `/trpc/registration.checkUsername?input=${encodeURIComponent('{"username":"free"}')}`
    expect((await aVisitor(site.url).send('GET', query, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await aVisitor(site.url).send('GET', query, { 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    )
  })

  test('a form from another site is refused on every page that takes one', async () => {
    const moderator = await signedIn(site)
    for (const path of [
      '/register',
      '/register/email',
      '/register/account',
      '/admin/login',
      '/preferences',
      '/register/again',
    ])
      for (const origin of ['https://evil.test', 'null', site.url.replace('http:', 'https:')])
        expect((await moderator.post(path, { username: 'x' }, { origin })).status).toBe(403)
  })

  test('other methods get a word and no error', async () => {
    for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect([403, 405]).toContain(
        (await aVisitor(site.url).send(method, '/trpc/session.signOut', JSON_BODY)).status,
      )
  })

  test('one request carries one call', async () => {
    const input = encodeURIComponent('{"0":{"username":"a"},"1":{"username":"b"}}')
    for (const path of [
      '/trpc/registration.checkUsername,registration.checkUsername?batch=1',
      '/trpc/registration.checkUsername%2Cregistration.checkUsername?batch=1',
      '/trpc/registration.checkUsername%2cregistration.checkUsername',
      '/trpc/registration.checkUsername%252Cregistration.checkUsername',
      '/trpc/registration.checkUsername?batch=1',
      '/trpc/registration.checkUsername?%62atch=1',
    ])
      expect(
        (await aVisitor(site.url).send('GET', `${path}${path.includes('?') ? '&' : '?'}input=${input}`, {}))
          .status,
        path,
      ).toBe(400)
  })
})
