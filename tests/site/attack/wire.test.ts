import { connect } from 'node:net'
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

const INSIDE = /\bat .+:\d+:\d+|node_modules|"stack"|sqlite|select .+ from|\/(?:home|work|tmp|build)\//i

/** Sends bytes as they are, and answers what comes back until the server ends the connection. */
function raw(bytes: string, { end = true } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(site.url).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (answer += chunk))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      // The server hangs up on who sends on after the refusal.
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(answer) : reject(error),
    )
    socket.on('close', () => resolve(answer))
    if (end) socket.end(bytes)
    else socket.write(bytes)
  })
}

/** The same; what the server leaves unread can cost its answer on the way, and then it is asked again. */
async function answered(bytes: string): Promise<string> {
  for (let tries = 0; tries < 5; tries++) {
    const answer = await raw(bytes)
    if (answer !== '') return answer
  }
  return ''
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

describe('the API over the wire', () => {
  const query = `/trpc/registration.checkUsername?input=${encodeURIComponent('{"username":"free"}')}`

  test('a mutation is not run by a GET, nor by what claims to be another method', async () => {
    const moderator = await signedIn(site)
    for (const [method, path, headers] of [
      ['GET', '/trpc/session.signOut', {}],
      ['GET', '/trpc/session.signOut?input=%7B%7D', {}],
      ['GET', '/trpc/session.signOut', { 'x-http-method-override': 'POST' }],
      ['GET', '/trpc/session.signOut', { 'x-http-method': 'POST', 'x-method-override': 'POST' }],
      ['GET', '/trpc/session.signOut?_method=POST', {}],
      ['HEAD', '/trpc/session.signOut', {}],
      ['PUT', '/trpc/session.signOut', JSON_BODY],
      ['PATCH', '/trpc/session.signOut', JSON_BODY],
      ['DELETE', '/trpc/session.signOut', {}],
      ['OPTIONS', '/trpc/session.signOut', {}],
      ['GET', '/admin/login?/signOut', {}],
      ['HEAD', '/admin/login?/signOut', {}],
    ] as const) {
      const answer = await moderator.send(method, path, { ...headers })
      expect([method, path, answer.status >= 500], path).toEqual([method, path, false])
      if (path.startsWith('/trpc'))
        expect([method, path, answer.status]).toEqual([method, path, method === 'GET' ? 404 : 405])
    }
    expect((await moderator.get('/admin')).path).toBe('/admin')
  })

  test('a query is not run by a POST, and neither answers in another origin’s name', async () => {
    const asked = await aVisitor(site.url).send(
      'POST',
      '/trpc/registration.checkUsername',
      { ...JSON_BODY, origin: site.url },
      '{"username":"free"}',
    )
    expect(asked.status).toBe(404)
    const { headers } = await aVisitor(site.url).send('GET', query, { origin: site.url })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  test('a mutation comes as application/json or not at all', async () => {
    const body = '{"username":"json-only","email":"json-only@mail.test"}'
    for (const type of [
      'text/plain',
      'text/plain; application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
      'application/jsonp',
      'application/vnd.api+json',
      'application/json+xml',
      'application/json, text/plain',
      'application/ json',
      '',
    ])
      expect([
        type,
        (
          await aVisitor(site.url).send(
            'POST',
            '/trpc/registration.start',
            { 'content-type': type, origin: site.url },
            body,
          )
        ).status,
      ]).toEqual([type, 415])
    const none = await aVisitor(site.url).send('POST', '/trpc/registration.start', {}, body)
    expect(none.status).toBe(415)
    expect(site.mail.mails).toHaveLength(0)
    for (const [index, type] of ['application/json; charset=utf-8', 'APPLICATION/JSON'].entries())
      expect(
        (
          await aVisitor(site.url).send(
            'POST',
            '/trpc/registration.start',
            { 'content-type': type, origin: site.url },
            `{"username":"typed-${index}","email":"typed-${index}@mail.test"}`,
          )
        ).status,
      ).toBe(200)
  })

  test('whatever says that it comes from elsewhere is refused, reading and writing', async () => {
    const { host } = new URL(site.url)
    for (const headers of [
      { origin: 'null' },
      { origin: '' },
      { origin: `https://${host}` },
      { origin: 'http://127.0.0.1' },
      { origin: 'http://127.0.0.1:1' },
      { origin: `${site.url}.evil.test` },
      { origin: `http://evil.test@${host}` },
      { origin: `${site.url}/` },
      { origin: `${site.url}, https://evil.test` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'nonsense' },
      { origin: site.url, 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[]) {
      expect([headers, (await aVisitor(site.url).send('GET', query, headers)).status]).toEqual([headers, 403])
      const moderator = aVisitor(site.url)
      const answer = await moderator.send('POST', '/trpc/session.signOut', { ...JSON_BODY, ...headers }, '{}')
      expect([headers, answer.status]).toEqual([headers, 403])
    }
  })

  test('however the comma is spelled, a request carries one call', async () => {
    const input = encodeURIComponent('{"0":{"username":"a"},"1":{"username":"b"}}')
    const call = 'registration.checkUsername'
    for (const path of [
      `${call},${call}`,
      `${call}%2C${call}?batch=1`,
      `${call}%252C${call}?batch=1`,
      `${call}%25252c${call}`,
      `${call},`,
      `,${call}`,
      `${call}?batch`,
      `${call}?batch=`,
      `${call}?batch=0`,
      `${call}?x=1&b%61tch=1`,
      `${call}%2%43${call}?batch=1`,
    ]) {
      const target = `/trpc/${path}${path.includes('?') ? '&' : '?'}input=${input}`
      for (const [method, headers] of [
        ['GET', {}],
        ['POST', { ...JSON_BODY, origin: site.url }],
      ] as const) {
        const answer = await aVisitor(site.url).send(
          method,
          target,
          { ...headers },
          method === 'POST' ? '{"0":{},"1":{}}' : undefined,
        )
        expect([path, method, answer.status]).toEqual([path, method, 400])
        expect(answer.body).not.toContain('"result"')
      }
    }
    // A comma in the input is no batch.
    const commas = encodeURIComponent('{"username":"a,b"}')
    const answer = await aVisitor(site.url).send(
      'GET',
      `/trpc/registration.checkUsername?input=${commas}`,
      {},
    )
    expect(answer.status).toBe(200)
  })

  test('names that every object has are no procedures', async () => {
    for (const name of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'registration',
      'registration.__proto__',
      'registration.constructor.constructor',
      '_def',
      'createCaller',
      'registration.start.__proto__',
      '',
      '/',
      '//registration.current',
      '%00',
      'registration.current%00',
    ])
      for (const method of ['GET', 'POST'] as const) {
        const headers = method === 'POST' ? { ...JSON_BODY, origin: site.url } : {}
        const answer = await aVisitor(site.url).send(
          method,
          `/trpc/${name}`,
          { ...headers },
          method === 'POST' ? '{}' : undefined,
        )
        expect([name, method, answer.status]).toEqual([name, method, 404])
        expect(answer.body).not.toMatch(INSIDE)
      }
  })
})

describe('what is in a body', () => {
  const json = { ...JSON_BODY }
  const post = (body: string, path = '/trpc/registration.start') =>
    aVisitor(site.url).send('POST', path, { ...json, origin: site.url }, body)

  test('nesting without end is refused as any other nonsense', async () => {
    const depth = 50_000
    for (const bomb of [
      '['.repeat(depth) + ']'.repeat(depth),
      `${'{"username":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      `{"username":"deep","email":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      '['.repeat(depth),
      `{"username":"x","email":"${'\\u0000'.repeat(1000)}"}`,
      `{"username":1e400,"email":-0}`,
      '"a string"',
      'null',
      '',
      '{',
      '\u0000',
    ]) {
      const answer = await post(bomb)
      expect([bomb.slice(0, 30), answer.status]).toEqual([bomb.slice(0, 30), 400])
      expect(answer.body).not.toMatch(INSIDE)
      expect(answer.body.length).toBeLessThan(1000)
    }
    expect((await aVisitor(site.url).get('/register')).status).toBe(200)
  })

  test('a prototype in the input reaches no object of the server', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const poison = `{"username":"free","${key}":{"prototype":{"typing":true,"role":"administrator"},"role":"administrator","ok":false,"moderator":{"id":"x","role":"administrator"}}}`
      const answer = await aVisitor(site.url).send(
        'GET',
        `/trpc/registration.checkUsername?input=${encodeURIComponent(poison)}`,
        {},
      )
      expect(answer.status).toBe(200)
      expect((await aVisitor(site.url).send('GET', '/trpc/moderation.queue', {})).status).toBe(401)
      const form = await aVisitor(site.url).post('/register', { username: 'free', [key]: 'x' })
      expect(form.status).toBe(200)
    }
  })

  test('a body beyond every form is refused, with a length or without one, and read no further', async () => {
    const { host } = new URL(site.url)
    const head = (path: string, type: string, more: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${site.url}\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`
    for (const [path, type, body] of [
      ['/trpc/registration.start', 'application/json', `{"username":"${'x'.repeat(1_100_000)}"}`],
      ['/register', 'application/x-www-form-urlencoded', `username=${'x'.repeat(1_100_000)}`],
      ['/preferences', 'application/x-www-form-urlencoded', `theme=${'x'.repeat(1_100_000)}`],
    ] as const) {
      const known = await answered(
        head(path, type, `Content-Length: ${body.length}\r\nConnection: close`) + body,
      )
      expect([path, statusOf(known)]).toEqual([path, 413])
      const chunk = 100_000
      const chunks = body.match(new RegExp(`.{1,${chunk}}`, 'g')) ?? []
      const chunked = chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
      const unknown = await answered(
        `${head(path, type, 'Transfer-Encoding: chunked\r\nConnection: close')}${chunked}0\r\n\r\n`,
      )
      expect([path, 'chunked', statusOf(unknown)]).toEqual([path, 'chunked', 413])
      expect(known + unknown).not.toMatch(INSIDE)
    }
  })

  test('who promises a body and hangs up, or says two lengths, harms nobody', async () => {
    const { host } = new URL(site.url)
    const line = `POST /trpc/registration.start HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`
    for (const request of [
      `${line}Content-Length: 5000\r\n\r\n{"username":`,
      `${line}Transfer-Encoding: chunked\r\n\r\nzzz\r\n`,
      `${line}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${line}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      `${line}Content-Length: -1\r\n\r\n{}`,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
      `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      'NONSENSE\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: ${host}\r\nA b: c\r\n\r\n`,
      '\u0016\u0003\u0001\u0002',
    ]) {
      const answer = await raw(request)
      if (answer !== '') expect([request.slice(0, 60), statusOf(answer)].at(1)).toBeLessThan(500)
      expect(answer).not.toMatch(INSIDE)
    }
    expect((await aVisitor(site.url).get('/register')).status).toBe(200)
  })
})

test('what nobody foresaw is told to nobody: errors have a word and a status', async () => {
  for (const [method, path, body] of [
    ['POST', '/trpc/registration.start', '{"username":"\\ud800","email":"\\udfff@mail.test"}'],
    ['POST', '/trpc/verification.confirm', '{"token":"\' or 1=1 --"}'],
    ['POST', '/trpc/session.signIn', '{"username":"\' or \'\'=\'","password":"\\u0000"}'],
    ['GET', '/trpc/registration.status?input=%7B%22token%22%3A%22%00%22%7D', undefined],
    ['GET', '/trpc/registration.checkUsername?input=%E0%A4%A', undefined],
    ['GET', '/trpc/registration.checkUsername?input=', undefined],
    ['GET', '/%', undefined],
    ['GET', '/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd', undefined],
    ['GET', '/../../../../etc/passwd', undefined],
    ['GET', '/_app/../../server/index.js', undefined],
    ['GET', '/_app/%2e%2e/%2e%2e/config.yaml', undefined],
    ['GET', '/.git/config', undefined],
    ['GET', '/registration.db', undefined],
    ['GET', '/config.yaml', undefined],
  ] as const) {
    const answer = await aVisitor(site.url).send(
      method,
      path,
      method === 'POST' ? { ...JSON_BODY, origin: site.url } : {},
      body,
    )
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true])
    expect(answer.body).not.toMatch(INSIDE)
    expect(answer.body).not.toContain('root:')
  }
  expect(site.log()).not.toMatch(/A page failed|An API call threw an error|passwd/)
})
