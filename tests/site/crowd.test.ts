import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../support/site'
import { aVisitor } from '../support/visitor'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(() => site.stop())

/** Connections that are open, and have said nothing yet. */
async function openConnections(count: number): Promise<Socket[]> {
  const port = Number(new URL(site.url).port)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }),
  )
}

async function answerOn(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  await once(socket, 'close')
  return text
}

test('a crowd that comes at one moment is served, or sent away in words at once; and then all is as before', async () => {
  const sockets = await openConnections(900)
  const answers = sockets.map(answerOn)
  const { host } = new URL(site.url)
  for (const socket of sockets)
    socket.write(`GET /register HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`)
  const all = await Promise.all(answers)
  const served = all.filter((answer) => answer.startsWith('HTTP/1.1 200'))
  const away = all.filter((answer) => answer.startsWith('HTTP/1.1 503'))
  expect(served.length + away.length).toBe(900)
  expect(served.length).toBeGreaterThanOrEqual(250)
  expect(away.length).toBeGreaterThan(0)
  for (const answer of away) {
    expect(answer).toMatch(/^retry-after: 5\r$/im)
    expect(answer).toContain('Very many people')
  }
  expect((await aVisitor(site.url).get('/register')).status).toBe(200)
}, 60_000)

test('connections that say nothing, or half of something, keep nobody out', async () => {
  const silent = await openConnections(100)
  for (const socket of silent.slice(50)) socket.write('GET /register HTTP/1.1\r\nHost: 127')
  expect((await aVisitor(site.url).get('/register')).status).toBe(200)
  expect((await fetch(`${site.url}/healthz`)).ok).toBe(true)
  for (const socket of silent) socket.destroy()
})
