import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSite, type Site } from '../support/site'

let site: Site
beforeAll(async () => {
  site = await startSite({ moderator: false })
}, 60_000)
afterAll(() => site.stop())

/** As a proxy does that keeps its connections: the next request on it is somebody else's. */
test('after a large form that is refused unread, the same connection answers the next request', async () => {
  const { host, port, hostname } = new URL(site.url)
  const body = `username=${'a'.repeat(310_000)}`
  const proxy = connect(Number(port), hostname)
  let heard = ''
  proxy.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk))
  const statuses = () => [...heard.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)
  try {
    for (let turn = 1; turn <= 3; turn++) {
      heard = ''
      proxy.write(
        `POST /register HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://evil.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      await expect.poll(statuses).toEqual(['403'])
      proxy.write('GET /healthz HTTP/1.1\r\nHost: any\r\n\r\n')
      await expect.poll(statuses, { timeout: 2_000 }).toEqual(['403', '200'])
      // Nothing of the form is taken for a request.
      await sleep(100)
      expect(statuses()).toEqual(['403', '200'])
    }
  } finally {
    proxy.destroy()
  }
})
