import { createServer } from 'node:http'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { checkSetUp } from '$lib/server/homeserver/set-up'
import { failure, type Target } from '../target'
import { aToken } from './rooms'

/** What is in front of a homeserver, and answers some paths itself. */
async function inFront(
  { url }: Target,
  answers: (path: string) => { status: number; type: string; body: string } | null,
) {
  const proxy = createServer((request, response) => {
    const own = answers(request.url ?? '')
    if (own !== null) {
      response.writeHead(own.status, { 'content-type': own.type }).end(own.body)
      return
    }
    const headers = { authorization: request.headers.authorization ?? '' }
    void fetch(url + (request.url ?? ''), { headers }).then(async (answer) => {
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(await answer.text())
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return { url: `http://127.0.0.1:${address.port}`, close: () => proxy.close() }
}

export function setUpFacts(get: () => Target): void {
  test('a token of somebody who is no administrator, and one that is none, are told by the key', async () => {
    const token = await aToken(get())
    expect((await failure(checkSetUp(get().client({ token })), 'token', true)).message).toMatch(
      /synapse\.admin_token/,
    )
    await failure(checkSetUp(get().client({ token: 'syt_none' })), 'token', true)
  })

  test.each([
    ['a page of its own', { status: 404, type: 'text/html', body: '<h1>Not here</h1>' }],
    ['403', { status: 403, type: 'text/plain', body: 'Forbidden' }],
    ['the page of a client', { status: 200, type: 'text/html', body: '<title>Element</title>' }],
  ])('a proxy that keeps the admin API back with %s is told by the key', async (_, answer) => {
    const proxy = await inFront(get(), (path) => (path.startsWith('/_synapse/admin') ? answer : null))
    const error = await failure(checkSetUp(get().client({ url: proxy.url })), 'set_up', true)
    expect(error.message).toMatch(/_synapse\/admin.*synapse\.server/)
    proxy.close()
  })

  test('a proxy that is up while the homeserver is down is an outage, which passes', async () => {
    const proxy = await inFront(get(), () => ({ status: 502, type: 'text/html', body: 'Bad Gateway' }))
    const error = await failure(checkSetUp(get().client({ url: proxy.url })), 'unreachable', false)
    expect(error.outage).toBe(true)
    proxy.close()
  })
}

/** The same for a homeserver that manages its accounts itself. */
export function ownAccountsFacts(get: () => Target): void {
  test('a homeserver that keeps its accounts itself, under our domain and token, is right', async () => {
    expect(await get().homeserver.accountsManagedBy()).toBe('The homeserver manages its accounts itself')
    await checkSetUp(get().homeserver)
  })

  test('another domain is told with both names and the key', async () => {
    const error = await failure(checkSetUp(get().client({ domain: 'another.test' })), 'set_up', true)
    expect(error.message).toMatch(/synapse\.domain is another\.test.*says that its name is/)
    expect(error.outage).toBe(true)
  })

  test('a proxy that answers unknown paths with a page does not make it one that delegates', async () => {
    const html = { status: 200, type: 'text/html', body: '<title>Element</title>' }
    const proxy = await inFront(get(), (path) => (path.includes('auth_metadata') ? html : null))
    await checkSetUp(get().client({ url: proxy.url }))
    proxy.close()
  })

  test('a homeserver that leaves its accounts to another service is told, by its issuer', async () => {
    const delegating = await get().variant('delegating')
    if (delegating === null) return
    const error = await failure(checkSetUp(delegating.homeserver), 'delegated', true)
    expect(error.message).toMatch(/matrix-authentication-service.*nothing was changed/)
  })
}
