import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { linkIn, startSite, type Site } from '../../support/site'
import { aVisitor } from '../../support/visitor'
import { start } from './people'

let site: Site
beforeAll(async () => {
  site = await startSite()
}, 60_000)
afterAll(async () => {
  await site.stop()
})

describe('what a request claims', () => {
  test('another Host is refused, and no mail carries it', async () => {
    const answer = await aVisitor(site.url).send('GET', '/', { host: 'evil.test' })
    expect(answer.status).toBe(400)
    expect(answer.body).not.toContain('evil.test')
    expect(
      (await aVisitor(site.url).send('GET', '/', { host: `evil.test:${new URL(site.url).port}` })).status,
    ).toBe(400)
    await start(site, 'host-claim', 'host-claim@mail.test', {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
    })
    expect(linkIn(await site.mail.next('host-claim@mail.test'), '/register/verify/')).toMatch(
      new RegExp(`^${site.url}/`),
    )
  })

  test('no other way to say where a request goes is one', async () => {
    const { host, port } = new URL(site.url)
    const raw = (head: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), '127.0.0.1')
        let answer = ''
        socket.setEncoding('utf8')
        socket.on('data', (chunk: string) => (answer += chunk))
        socket.on('error', reject)
        socket.on('close', () => resolve(answer))
        socket.end(`${head}\r\nConnection: close\r\n\r\n`)
      })
    for (const head of [
      'GET / HTTP/1.1\r\nHost: evil.test',
      'GET / HTTP/1.1\r\nHost:',
      'GET / HTTP/1.0',
      'GET / HTTP/1.1',
      `GET http://evil.test/ HTTP/1.1\r\nHost: ${host}`,
      `GET http://evil.test/register HTTP/1.1\r\nHost: evil.test`,
      `GET //evil.test/register HTTP/1.1\r\nHost: ${host}`,
      `GET / HTTP/1.1\r\nHost: evil.test\r\nHost: ${host}`,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.test`,
      `GET / HTTP/1.1\r\nHost: ${host}@evil.test`,
      `GET / HTTP/1.1\r\nHost: evil.test#${host}`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.test`,
      `GET / HTTP/1.1\r\nHost: evil.127.0.0.1`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:99999999`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:80:80`,
      `GET / HTTP/1.1\r\nHost: [::1]`,
      `GET / HTTP/1.1\r\nHost: 0x7f.1`,
      `GET / HTTP/1.1\r\nHost: 2130706433`,
      `CONNECT evil.test:443 HTTP/1.1\r\nHost: ${host}`,
      `TRACE / HTTP/1.1\r\nHost: ${host}\r\nCookie: session=secret`,
    ]) {
      const answer = await raw(head)
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 400)
      expect([head, status >= 400 && status < 500]).toEqual([head, true])
      expect([head, answer.includes('session=secret')]).toEqual([head, false])
      expect([head, /evil/.test(answer.replaceAll('%2F%2Fevil', ''))]).toEqual([head, false])
    }
    const claimed = await aVisitor(site.url).send('GET', '/admin', {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.test',
      'x-host': 'evil.test',
    })
    expect(claimed.headers.location).toBe('/admin/login?next=%2Fadmin')
  })

  test('health is answered for any Host, and each part has its own word', async () => {
    expect((await aVisitor(site.url).send('GET', '/healthz', { host: 'anything' })).status).toBe(200)
    const ready = await aVisitor(site.url).send('GET', '/readyz', {})
    expect(ready.status).toBe(200)
    expect(JSON.parse(ready.body)).toEqual({ database: 'ok', homeserver: 'ok', mail: 'ok' })
  })
})

describe('the address of whoever asks', () => {
  async function mailsUntilRefused(of: Site, forwarded: (index: number) => string): Promise<number> {
    for (let index = 0; index < 5; index++) {
      const name = `limit-${Math.random().toString(36).slice(2, 10)}`
      const { answer } = await start(of, name, `${name}@mail.test`, { 'x-forwarded-for': forwarded(index) })
      if (answer.status === 429) return index
    }
    return 5
  }

  test('cannot be claimed: without a trusted proxy the header counts for nothing', async () => {
    const limited = await startSite({
      config: { rate_limit: { email_submission: 2, email_submission_hours: 1 } },
    })
    onTestFinished(async () => void (await limited.stop()))
    expect(await mailsUntilRefused(limited, (index) => `198.51.100.${index}`)).toBe(2)
  }, 60_000)

  test('is the one that the proxy saw, whatever the client wrote before it', async () => {
    const limited = await startSite({
      config: { trust_proxy: true, rate_limit: { email_submission: 2, email_submission_hours: 1 } },
    })
    onTestFinished(async () => void (await limited.stop()))
    expect(await mailsUntilRefused(limited, (index) => `198.51.${index}.1, 203.0.113.9`)).toBe(2)
    expect(await mailsUntilRefused(limited, (index) => `203.0.113.9, 198.51.${index}.1`)).toBe(5)
  }, 60_000)

  test('whatever stands there in its place harms nobody, and is one and the same stranger', async () => {
    const limited = await startSite({
      config: { trust_proxy: true, rate_limit: { email_submission: 2, email_submission_hours: 1 } },
    })
    onTestFinished(async () => void (await limited.stop()))
    const garbage = [
      'unknown',
      '"[2001:db8::1]:80"',
      '[2001:db8::1',
      'fe80::1%eth0',
      '203.0.113.9:port',
      '999.1.1.1',
      '1.2.3',
      '0x7f000001',
      'for=203.0.113.9',
      'localhost',
      "'; drop table attempts; --",
      '__proto__',
      '203.0.113.9,',
      ',,,,,',
      'x'.repeat(8000),
      '198.51.100.1,'.repeat(1000),
      '\u00e4\u00ff',
    ]
    for (const forwarded of garbage) {
      const { status } = await aVisitor(limited.url).send('GET', '/register', {
        'x-forwarded-for': forwarded,
      })
      expect([forwarded.slice(0, 40), status]).toEqual([forwarded.slice(0, 40), 200])
    }
    expect(await mailsUntilRefused(limited, (index) => garbage[index] ?? '')).toBe(2)
    expect(limited.log()).not.toMatch(/A page failed|An API call threw an error/)
  }, 60_000)
})
