import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { findListening, healthcheck } from './healthcheck'

let output: string
beforeEach(() => {
  output = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text)
    return true
  })
  for (const name of ['HOST', 'PORT', 'SOCKET_PATH']) vi.stubEnv(name, '')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** A server that answers with this status; returns its port, or 0 on a socket. */
async function answering(status: number, path?: string): Promise<number> {
  const asked: (string | undefined)[] = []
  const server: Server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(status).end('{}')
  })
  onTestFinished(() => {
    server.close()
    expect(asked).toEqual(['/healthz'])
  })
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  const address = server.address()
  return address === null || typeof address === 'string' ? 0 : address.port
}

test('a server that answers is found at HOST and PORT', async () => {
  const port = await answering(200)
  vi.stubEnv('PORT', String(port))
  vi.stubEnv('HOST', '0.0.0.0')
  await healthcheck()
  expect(output).toBe(`127.0.0.1:${port} answers\n`)
})

test('and at SOCKET_PATH', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registration-healthcheck-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'socket')
  await answering(200, path)
  vi.stubEnv('SOCKET_PATH', path)
  await healthcheck()
  expect(output).toBe(`${path} answers\n`)
})

test('any other answer is none of this program', async () => {
  const port = await answering(404)
  vi.stubEnv('PORT', String(port))
  await expect(healthcheck()).rejects.toThrow(
    `127.0.0.1:${port} answered /healthz with 404, not 200: another program?`,
  )
  expect(output).toBe('')
})

test('no answer is said in a sentence', async () => {
  vi.stubEnv('SOCKET_PATH', '/nowhere/socket')
  await expect(healthcheck({ withinMs: 1 })).rejects.toThrow(/^No answer from \/nowhere\/socket: .*ENOENT.*$/)
})

test.each(['a port', 'a socket'])(
  'a server that has just been started is waited for, at %s',
  async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'registration-healthcheck-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const server = createServer((_, response) => response.end('{}'))
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    server.close()
    await once(server, 'close')
    const socket = join(folder, 'socket')
    if (kind === 'a port') vi.stubEnv('PORT', String(port))
    else vi.stubEnv('SOCKET_PATH', socket)
    const asked = healthcheck({ withinMs: 60_000 })
    setTimeout(() => (kind === 'a port' ? server.listen(port, '127.0.0.1') : server.listen(socket)), 300)
    await asked
    expect(output).toMatch(/ answers\n$/)
  },
)

test('a server that does not answer is not waited for longer', async () => {
  const server = createServer(() => undefined)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  vi.stubEnv('PORT', String(address === null || typeof address === 'string' ? 0 : address.port))
  await expect(healthcheck({ withinMs: 200 })).rejects.toThrow(/^No answer from 127\.0\.0\.1:/)
})

test.each([
  [{}, { host: '127.0.0.1', port: 3000, words: '127.0.0.1:3000' }],
  [
    { HOST: '::', PORT: '80' },
    { host: '::1', port: 80, words: '[::1]:80' },
  ],
  [{ HOST: '10.0.0.1' }, { host: '10.0.0.1', port: 3000, words: '10.0.0.1:3000' }],
  [
    { HOST: '0.0.0.0', SOCKET_PATH: '/run/s' },
    { socketPath: '/run/s', words: '/run/s' },
  ],
])('%j is reached at %j', (env, where) => {
  expect(findListening(env)).toEqual(where)
})
