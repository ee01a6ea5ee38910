import { createServer, request, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { startStandIn } from '../stand-in/homeserver'
import { listen, openMailbox } from './mailbox'

const servers: Server[] = []
const aServer = () => {
  const server = createServer()
  servers.push(server)
  return server
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

test('a port that is taken is no reason to give up', async () => {
  const taken = await listen(aServer(), 0)
  const found = await listen(aServer(), taken)
  expect(found).toBeGreaterThan(0)
  expect(found).not.toBe(taken)
})

const statusOf = (url: string, host: string) =>
  new Promise<number>((resolve, reject) => {
    const sent = request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode ?? 0))
    sent.on('error', reject).end()
  })

test('the servers of the demo answer to this machine’s own names alone', async () => {
  const mailbox = await openMailbox(0)
  const homeserver = await startStandIn({ domain: 'example.org', token: 'demo-token' })
  try {
    for (const url of [
      `${mailbox.url}/`,
      `${mailbox.url}/rules`,
      `${homeserver.url}/_matrix/client/versions`,
    ]) {
      const { port } = new URL(url)
      for (const host of [
        `127.0.0.1:${port}`,
        `localhost:${port}`,
        'LOCALHOST',
        'localhost.',
        `[::1]:${port}`,
      ])
        expect([url, host, await statusOf(url, host)]).toEqual([url, host, 200])
      for (const host of [
        'evil.test',
        `evil.test:${port}`,
        'localhost.evil.test',
        '127.0.0.1.evil.test',
        `evil-localhost:${port}`,
        '127.0.0.1@evil.test',
        '0.0.0.0',
        '192.168.0.2',
      ])
        expect([url, host, await statusOf(url, host)]).toEqual([url, host, 421])
    }
  } finally {
    await Promise.all([mailbox.close(), homeserver.close()])
  }
})
