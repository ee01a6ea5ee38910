import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { username } from '../../../../tests/support/registration'
import { errorOf } from '../../../../tests/support/homeserver-error'
import type { HomeserverErrorKind } from './homeserver'
import { startStandIn, type Fault, type StandIn } from '../../../stand-in/homeserver'
import { createSynapse, type SynapseOptions } from './synapse'

const DOMAIN = 'example.test'
const TOKEN = 'syt_secret_token'
const PASSWORD = 'a pass phrase of some length'
const river = username('river')

let standIn: StandIn
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  standIn = await startStandIn({
    domain: DOMAIN,
    token: TOKEN,
    formSecret: 'form-secret',
    consentVersion: '1.0',
  })
})

afterEach(async () => {
  await standIn.close()
  for (const close of closing.splice(0)) await close()
})

function client(change: Partial<SynapseOptions> = {}) {
  return createSynapse({
    url: standIn.url,
    domain: DOMAIN,
    token: TOKEN,
    verifyCert: true,
    timeout: 5_000,
    ...change,
  })
}

/** Any server, for what the stand-in never says. */
async function serve(listener: RequestListener): Promise<{ url: string; connections: () => number }> {
  const server = createServer(listener)
  let connections = 0
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { url: `http://127.0.0.1:${address.port}`, connections: () => connections }
}

const json = (status: number, body: object, headers = {}): Fault => ({ status, body, headers })
const html = { 'content-type': 'text/html' }
const nginx = '<html><h1>502 Bad Gateway</h1></html>'

describe('what an answer, or none, means', () => {
  const cases: [string, Fault, HomeserverErrorKind, boolean, RegExp][] = [
    [
      'a page of a proxy',
      { status: 502, body: nginx, headers: html },
      'unreachable',
      false,
      /answered with a server error \(502\)/,
    ],
    [
      'an error of Synapse',
      json(500, { errcode: 'M_UNKNOWN', error: 'Oops' }),
      'unreachable',
      false,
      /500, M_UNKNOWN: Oops/,
    ],
    [
      'a page with 200',
      { status: 200, body: nginx, headers: html },
      'unreachable',
      false,
      /not from Synapse \(200, text\/html\)/,
    ],
    [
      'a page with 403',
      { status: 403, body: nginx, headers: html },
      'unreachable',
      false,
      /not from Synapse \(403, text\/html\)/,
    ],
    ['half a JSON', { status: 200, body: '{"available":' }, 'unreachable', false, /not from Synapse/],
    ['no content', { status: 204 }, 'unreachable', false, /not from Synapse/],
    [
      'another JSON',
      json(200, { ok: true }),
      'unreachable',
      false,
      /not from Synapse; check synapse\.server\.$/,
    ],
    ['a refusal without its code', json(400, { message: 'no' }), 'unreachable', false, /not from Synapse/],
    ['a connection that is cut', 'cut', 'unreachable', false, /ECONNRESET/],
    ['an answer that gets lost', 'lost', 'unreachable', false, /ECONNRESET/],
    ['a rate limit', json(429, { errcode: 'M_LIMIT_EXCEEDED' }), 'limited', false, /is rate-limiting us/],
    [
      'a refused token',
      json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'Bad' }),
      'token',
      true,
      /synapse\.admin_token/,
    ],
    [
      'a token without the right',
      json(403, { errcode: 'M_FORBIDDEN', error: 'No' }),
      'token',
      true,
      /synapse\.admin_token/,
    ],
    [
      'a call that is unknown there',
      json(404, { errcode: 'M_UNRECOGNIZED' }),
      'refused',
      true,
      /404 M_UNRECOGNIZED/,
    ],
    [
      'what is not there',
      json(404, { errcode: 'M_NOT_FOUND', error: 'None' }),
      'missing',
      true,
      /M_NOT_FOUND: None/,
    ],
    [
      'a refusal',
      json(400, { errcode: 'M_BAD', error: 'Bad\nthing' }),
      'refused',
      true,
      /400 M_BAD: Bad thing/,
    ],
  ]
  test.each(cases)('%s', async (_, fault, kind, permanent, sentence) => {
    standIn.faults = () => fault
    const error = await errorOf(client().nameAnswer(river))
    expect({ kind: error.kind, permanent: error.permanent }).toEqual({ kind, permanent })
    expect(error.message).toMatch(/^Could not check whether the username river is available: [^\n]+\.$/)
    expect(error.message).toMatch(sentence)
  })

  test('no answer in time', async () => {
    standIn.faults = () => 'hang'
    const error = await errorOf(client({ timeout: 40 }).claim(river))
    expect(error).toMatchObject({ kind: 'unreachable', permanent: false })
    expect(error.message).toMatch(/did not answer within 0\.04 s/)
  })

  test('the time holds for the end of the answer, too', async () => {
    const { url } = await serve((_, response) => void response.write('{'))
    expect((await errorOf(client({ url, timeout: 40 }).claim(river))).message).toMatch(/within 0\.04 s/)
  })

  test('an answer that is cut half-way', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 100, 'content-type': 'application/json' })
      response.write('{"name":', () => request.socket.destroy())
    })
    expect(await errorOf(client({ url }).claim(river))).toMatchObject({
      kind: 'unreachable',
      permanent: false,
    })
  })

  test('an answer that does not end', async () => {
    const { url } = await serve((_, response) => void response.end('x'.repeat(1_500_000)))
    expect((await errorOf(client({ url }).claim(river))).message).toMatch(/far larger/)
  })

  test('nobody there', async () => {
    const { url } = standIn
    await standIn.close()
    const error = await errorOf(client({ url }).identity())
    expect(error).toMatchObject({ kind: 'unreachable', permanent: false })
    expect(error.message).toContain(`${url} cannot be reached`)
    standIn = await startStandIn({ domain: DOMAIN, token: TOKEN })
  })
})

describe('how long to wait', () => {
  const date = 'Mon, 23 Nov 2026 12:00:00 GMT'
  test.each<[string, Fault, number | undefined]>([
    ['seconds in the header', json(429, {}, { 'retry-after': '7' }), 7_000],
    ['milliseconds in the body', json(429, { retry_after_ms: 1234 }), 1234],
    ['a date in the header', json(429, {}, { date, 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }), 30_000],
    [
      'a header that says nothing, and a body',
      json(429, { retry_after_ms: 9 }, { 'retry-after': 'soon' }),
      9,
    ],
    ['nothing', { status: 429, body: nginx, headers: html }, undefined],
    ['a proxy with 503', { status: 503, body: nginx, headers: { 'retry-after': '60' } }, 60_000],
  ])('%s', async (_, fault, retryAfter) => {
    standIn.faults = () => fault
    expect((await errorOf(client().claim(river))).retryAfter).toBe(retryAfter)
  })
})

describe('what is secret', () => {
  test('a redirect is not followed, and tells where to', async () => {
    let asked = 0
    const { url } = await serve((_, response) => void response.end(String(asked++)))
    standIn.faults = () => ({ status: 307, headers: { location: `${url}/elsewhere?secret` } })
    const error = await errorOf(client().fill(river, PASSWORD))
    expect(error).toMatchObject({ kind: 'unreachable', permanent: false })
    expect(error.message).toContain(`redirects to ${url} (307); synapse.server must be`)
    expect(asked).toBe(0)
  })

  test('the token is in no sentence, even when a server says it', async () => {
    for (const status of [400, 401, 403, 404, 500]) {
      standIn.faults = () => json(status, { errcode: 'M_X', error: `Your token ${TOKEN}` })
      const error = await errorOf(client().claim(river))
      expect(error.message).toContain('Your token …')
      expect(JSON.stringify([error.message, error.cause])).not.toContain(TOKEN)
    }
  })

  test('a token with a line break is told by its setting, and is in neither sentence nor cause', async () => {
    const error = await errorOf(client({ token: 'syt_with\nbreak' }).claim(river))
    expect(error).toMatchObject({ kind: 'token', permanent: true })
    expect(`${error.message} ${String(error.cause)}`).not.toContain('syt_with')
  })

  test('what the homeserver says is quoted up to 200 characters', async () => {
    standIn.faults = () => json(400, { errcode: 'M_X', error: 'é'.repeat(5_000) })
    const { message } = await errorOf(client().claim(river))
    expect(message).toContain('é'.repeat(200))
    expect(message).not.toContain('é'.repeat(201))
  })

  test('the consent form is sent without the token', async () => {
    const tokens: unknown[] = []
    const { url } = await serve((request, response) => {
      if (request.url?.startsWith('/_matrix/consent')) {
        tokens.push(request.headers.authorization)
        response.end('Policy')
        return
      }
      const account = { name: `@river:${DOMAIN}`, creation_ts: 1, locked: false, deactivated: false }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(account))
    })
    await errorOf(client({ url, formSecret: 'x' }).consent(river, '1.0'))
    // Which version it is, which one is asked for, and the form.
    expect(tokens).toEqual([undefined, undefined, undefined])
  })
})

describe('connections', () => {
  test('many calls go over one connection, with the token, below the path of the address', async () => {
    const seen = new Set<string>()
    const { url, connections } = await serve((request, response) => {
      seen.add(`${request.headers.authorization} ${request.url}`)
      response.end('{"available":true}')
    })
    const synapse = client({ url: `${url}/matrix/` })
    for (let count = 0; count < 5; count++) await synapse.nameAnswer(river)
    expect(connections()).toBe(1)
    const path = '/matrix/_synapse/admin/v1/username_available?username=river'
    expect([...seen]).toEqual([`Bearer ${TOKEN} ${path}`])
  })
})

test('the locked accounts come in pages, without names that nobody was given here', async () => {
  const admin = standIn.users.get(`@admin:${DOMAIN}`)
  if (admin === undefined) throw new Error('No administrator')
  const put = (localpart: string, locked: boolean) =>
    standIn.users.set(`@${localpart}:${DOMAIN}`, {
      ...admin,
      id: `@${localpart}:${DOMAIN}`,
      localpart,
      locked,
    })
  for (let index = 0; index < 450; index++) put(`n${1000 + index}`, index % 300 === 0)
  for (const odd of ['Upper', '_bridge', '1234']) put(odd, true)
  const first = await client().lockedAccounts(null)
  const second = await client().lockedAccounts(first.next)
  const third = await client().lockedAccounts(second.next)
  expect([first.names, second.names, third.names]).toEqual([['n1000'], ['n1300'], []])
  expect(third.next).toBeNull()
})
