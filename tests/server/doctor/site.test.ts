import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '$lib/server/config/fingerprint'
import { createSeal } from '$lib/server/crypto/sealed'
import { createReport } from '$lib/server/doctor/finding'
import { checkSite } from '$lib/server/doctor/site-checks'
import { createSelfCheck, SELF_CHECK_PURPOSE } from '$lib/server/http/self-check'
import { aConfig } from '../../support/world'

type TrustProxy = boolean | string[]

interface Asked {
  url?: string
  /** What the file says now. */
  trustProxy?: TrustProxy
  /** What the running service was started with. */
  running?: TrustProxy
  /** The address that connects to the service; undefined: it comes over a Unix socket. */
  peer?: string | undefined
  /** What the proxy makes of X-Forwarded-For. */
  forwarded?: (claimed: string) => string | null
}

const HTTP = 'http://register.example.test'
const PROXY = '10.0.0.2'
const VISITOR = '198.51.100.9'

/** What is found where a service runs so. */
async function siteOf({
  url = 'https://register.example.test',
  trustProxy = false,
  running = trustProxy,
  forwarded = () => VISITOR,
  ...from
}: Asked) {
  const started = { ...aConfig(), site: { ...aConfig().site, url }, legal: [], logoUrl: null }
  const config = { ...started, trustProxy }
  const selfCheck = createSelfCheck({
    seal: createSeal(config.secretKey, SELF_CHECK_PURPOSE),
    trustProxy: running,
    settings: fingerprintOf({ ...started, trustProxy: running }),
    clock: Date.now,
  })
  const ask: typeof fetch = (input, init) => {
    const { headers, url: asked } = new Request(input, init)
    const arrives = forwarded(headers.get('x-forwarded-for') ?? '')
    headers.delete('x-forwarded-for')
    headers.set('host', 'register.example.test')
    if (arrives !== null) headers.set('x-forwarded-for', arrives)
    const seen = selfCheck({
      url: new URL(asked),
      headers,
      socketAddress: () => ('peer' in from ? from.peer : PROXY),
    })
    return Promise.resolve(seen ?? new Response('a page'))
  }
  const report = createReport()
  await checkSite({ config, settings: fingerprintOf(config), report, clock: Date.now, ask })
  return (check: string) => report.findings.find((finding) => finding.check === check)
}

describe('the client address is right', () => {
  test.each<[string, Asked]>([
    ['of a proxy that is trusted', { trustProxy: true }],
    ['of a proxy in a list', { trustProxy: ['10.0.0.0/8'] }],
    ['of a proxy over a Unix socket', { trustProxy: true, peer: undefined }],
    ['without any proxy', { url: HTTP, forwarded: (claimed) => claimed }],
  ])('%s', async (_, asked) => {
    const found = await siteOf(asked)
    expect(found('site.client_address')).toMatchObject({ level: 'ok' })
    expect(found('config.running')).toBeUndefined()
  })
})

describe('all visitors count as one', () => {
  test.each<[string, Asked]>([
    ['behind a proxy that is not trusted', {}],
    ['behind a proxy that is not in the list', { trustProxy: ['10.0.0.3'] }],
    [
      'behind a proxy on a Unix socket, which no list contains',
      { trustProxy: ['loopback'], peer: undefined },
    ],
    ['until the service is restarted with the new value', { trustProxy: true, running: false }],
    ['behind a proxy that leaves the header as it was', { forwarded: (claimed) => claimed }],
    ['behind a proxy without https that drops the header', { url: HTTP, forwarded: () => null }],
    [
      'behind a proxy not in the list that drops the header',
      { trustProxy: ['10.0.0.3'], forwarded: () => null },
    ],
  ])('%s', async (_, asked) => {
    expect((await siteOf(asked))('site.client_address')).toMatchObject({
      level: 'error',
      remedy: expect.stringContaining('restart the service'),
    })
  })
})

test('a service that was started with other settings is told', async () => {
  const found = await siteOf({ trustProxy: true, running: ['10.0.0.0/8'] })
  expect(found('site.client_address')).toMatchObject({ level: 'ok' })
  expect(found('config.running')).toMatchObject({
    level: 'warning',
    remedy: expect.stringMatching(/^Restart the service/),
  })
})
