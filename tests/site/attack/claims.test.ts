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

  test('health is answered for any Host, and each part has its own word', async () => {
    expect((await aVisitor(site.url).send('GET', '/healthz', { host: 'anything' })).status).toBe(200)
    const ready = await aVisitor(site.url).send('GET', '/readyz', {})
    expect(ready.status).toBe(200)
    expect(JSON.parse(ready.body)).toEqual({ database: 'ok', homeserver: 'ok' })
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
})
