import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { listen } from './mailbox'

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
