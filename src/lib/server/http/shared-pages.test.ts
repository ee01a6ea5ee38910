import { expect, test } from 'vitest'
import { createSharedPages } from './shared-pages'

/** Pages that say how often they were rendered, by the state of the moment. */
function rendering(headers: Record<string, string> = {}, status = 200) {
  const shared = createSharedPages()
  const world = { state: 'open', rendered: 0, afterRendering: 'open' }
  const look = async (key = 'en') => {
    const render = async () => {
      world.rendered++
      const body = `${key}, ${world.state}, ${world.rendered}`
      world.state = world.afterRendering
      return new Response(body, { status, headers: { 'x-kept': 'yes', ...headers } })
    }
    const response = await shared.get({ key, lookUp: async () => world.state }, render)
    return `${await response.text()}, ${response.headers.get('x-kept')}`
  }
  return { world, look }
}

test('a page is rendered once for each language, and comes with its headers again', async () => {
  const { look } = rendering()
  expect(await look()).toBe('en, open, 1, yes')
  expect(await look()).toBe('en, open, 1, yes')
  expect(await look('de')).toBe('de, open, 2, yes')
  expect(await look()).toBe('en, open, 1, yes')
})

test('nothing is kept when what all pages depend on has changed', async () => {
  const { world, look } = rendering()
  await look()
  world.state = world.afterRendering = 'closed'
  expect(await look()).toBe('en, closed, 2, yes')
  world.state = world.afterRendering = 'open'
  expect(await look()).toBe('en, open, 3, yes')
})

test('a page during whose rendering that changed is not kept', async () => {
  const { world, look } = rendering()
  world.afterRendering = 'closed'
  await look()
  world.state = world.afterRendering = 'open'
  expect(await look()).toBe('en, open, 2, yes')
})

test.each<[string, Record<string, string>, number]>([
  ['with a nonce', { 'content-security-policy': "script-src 'nonce-abc'" }, 200],
  ['that sets a cookie', { 'set-cookie': 'a=b' }, 200],
  ['that failed', {}, 500],
])('a page %s is for one visitor', async (_, headers, status) => {
  const { look } = rendering(headers, status)
  await look()
  expect(await look()).toBe('en, open, 2, yes')
})

test.each([
  ['/', '', true],
  ['/', '?from=matrix.org', true],
  ['/register', '', true],
  ['/register', '?code=abc', false],
  ['/register', '?lost', false],
  ['/register/email', '', false],
  ['/admin', '', false],
  [null, '', false],
])('%s%s is shared: %s', (route, query, expected) => {
  const url = new URL(`https://register.test${route ?? '/nowhere'}${query}`)
  expect(createSharedPages().isShared({ route, url })).toBe(expected)
  if (expected) expect(url.search).toBe('')
})
