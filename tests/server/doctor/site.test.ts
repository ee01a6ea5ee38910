import { describe, expect, test } from 'vitest'
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

/** What is found of the client address where a service runs so. */
async function clientAddressOf({
  url = 'https://register.example.test',
  trustProxy = false,
  running = trustProxy,
  forwarded = () => VISITOR,
  ...from
}: Asked) {
  const { site, ...config } = aConfig({ trustProxy, legal: [], logoUrl: null })
  const selfCheck = createSelfCheck({
    seal: createSeal(config.secretKey, SELF_CHECK_PURPOSE),
    trustProxy: running,
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
  await checkSite({ config: { ...config, site: { ...site, url } }, report, clock: Date.now, ask })
  const found = report.findings.find(({ check }) => check === 'site.client_address')
  return { level: found?.level, remedy: found?.remedy, all: report.findings }
}

describe('the client address is right', () => {
  test.each<[string, Asked]>([
    ['of a proxy that is trusted', { trustProxy: true }],
    ['of a proxy in a list', { trustProxy: ['10.0.0.0/8'] }],
    ['of a proxy over a Unix socket', { trustProxy: true, peer: undefined }],
    ['without any proxy', { url: HTTP, forwarded: (claimed) => claimed }],
  ])('%s', async (_, asked) => {
    expect(await clientAddressOf(asked)).toMatchObject({ level: 'ok' })
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
    const { level, remedy } = await clientAddressOf(asked)
    expect(level).toBe('error')
    expect(remedy).toContain('restart the service')
  })
})
