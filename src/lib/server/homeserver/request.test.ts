import { execFileSync } from 'node:child_process'
import { getEventListeners, once, setMaxListeners } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlainServer, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { username } from '../../../../tests/support/registration'
import { HomeserverError } from './homeserver'
import { createRequest, MOST_AT_ONCE } from './request'
import { createSynapse } from './synapse'

/** Homeservers whose certificates nobody knows: one from a CA of its own, one signed by itself. */
const folder = mkdtempSync(join(tmpdir(), 'registration-tls-'))
const file = (name: string) => join(folder, `${name}.pem`)
const servers = new Map<string, Server>()
const urls = new Map<string, string>()

/** Makes NAME.pem and NAME.key.pem. */
function certificate(name: string, ...args: string[]): void {
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    file(`${name}.key`),
  ]
  const request = ['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, '-out', file(name)]
  execFileSync('openssl', [...request, ...key, ...args], { stdio: 'pipe' })
}

beforeAll(async () => {
  const address = ['-addext', 'subjectAltName=IP:127.0.0.1']
  certificate('ca')
  certificate('other')
  certificate('issued', ...address, '-CA', file('ca'), '-CAkey', file('ca.key'))
  certificate('self-signed', ...address)
  for (const name of ['issued', 'self-signed']) {
    const credentials = { key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(name)) }
    const server = createServer(credentials, (_, response) => response.end('{"available":true}'))
    servers.set(name, server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('No port')
    urls.set(name, `https://127.0.0.1:${bound.port}`)
  }
})

afterAll(async () => {
  for (const server of servers.values()) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  rmSync(folder, { recursive: true })
})

function ask(name: string, verifyCert: boolean | string) {
  const url = urls.get(name) ?? ''
  return createSynapse({
    url,
    domain: 'example.test',
    token: 'token',
    verifyCert,
    timeout: 5_000,
  }).nameAnswer(username('river'))
}

describe.each(['issued', 'self-signed'])('a certificate that is %s by whom nobody knows', (name) => {
  test.each([
    ['by default', () => true],
    ['when another CA is to be trusted', () => file('other')],
  ])('is not accepted %s, and the setting is named', async (_, verifyCert) => {
    const error: unknown = await ask(name, verifyCert()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HomeserverError)
    expect(error).toMatchObject({ kind: 'unreachable', permanent: false })
    expect(String(error)).toMatch(/no secure connection .*synapse\.verify_cert/)
  })

  const bundle = name === 'issued' ? 'ca' : name
  test.each([
    ['when certificates are not checked', () => false],
    ['when its CA, or it, is named as a file', () => file(bundle)],
    ['when that is given as text', () => readFileSync(file(bundle), 'utf8')],
  ])('is accepted %s', async (_, verifyCert) => {
    expect(await ask(name, verifyCert())).toBe('free')
  })
})

test('a file of certificates that is not there stops the start', () => {
  expect(() => ask('issued', file('missing'))).toThrow(/missing\.pem/)
})

test('so many calls reach the homeserver at a time, and the others follow', async () => {
  const waiting: ServerResponse[] = []
  let reached = 0
  const server = createPlainServer((_, response) => {
    reached++
    waiting.push(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const send = createRequest({ url: `http://127.0.0.1:${port}`, verifyCert: true, timeout: 10_000 })
  const all = Array.from({ length: 3 * MOST_AT_ONCE }, () => send({ method: 'GET', path: '/', headers: {} }))
  while (reached < MOST_AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(reached).toBe(MOST_AT_ONCE)
  const answering = setInterval(() => waiting.splice(0).forEach((response) => response.end('ok')), 5)
  const answers = await Promise.all(all)
  clearInterval(answering)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  server.closeAllConnections()
  server.close()
})

test('whoever asked can end the call at any time, and gives its place to another', async () => {
  const server = createPlainServer((request, response) => {
    if (request.url === '/half') response.write('half')
    else if (request.url === '/whole') response.end('whole')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const send = createRequest({ url: `http://127.0.0.1:${port}`, verifyCert: true, timeout: 10_000 })
  const ask = (path: string, signal: AbortSignal) => send({ method: 'GET', path, headers: {}, signal })
  const ended = new AbortController()
  setMaxListeners(MOST_AT_ONCE, ended.signal)
  const all = Array.from({ length: MOST_AT_ONCE }, (_, index) =>
    ask(index % 2 === 0 ? '/none' : '/half', ended.signal).catch((error: unknown) => error),
  )
  setTimeout(() => ended.abort(), 100)
  for (const error of await Promise.all(all)) expect(error).toMatchObject({ code: 'ABORTED' })
  await expect(ask('/whole', ended.signal)).rejects.toMatchObject({ code: 'ABORTED' })
  const other = new AbortController()
  expect(await ask('/whole', other.signal)).toMatchObject({ body: 'whole' })
  expect(getEventListeners(other.signal, 'abort')).toEqual([])
  expect(getEventListeners(ended.signal, 'abort')).toEqual([])
  server.closeAllConnections()
  server.close()
})

test('an answer that is longer than any is not read to its end', async () => {
  const server = createPlainServer((_, response) => response.end('x'.repeat(1_500_000))).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const options = { url: `http://127.0.0.1:${port}`, verifyCert: true, timeout: 10_000 }
  const ask = (longestAnswer?: number) =>
    createRequest({ ...options, longestAnswer })({ method: 'GET', path: '/', headers: {} })
  await expect(ask()).rejects.toMatchObject({ code: 'TOO_LARGE' })
  await expect(ask(1_000)).rejects.toMatchObject({ code: 'TOO_LARGE' })
  expect((await ask(2_000_000)).body).toHaveLength(1_500_000)
  server.closeAllConnections()
  server.close()
})
