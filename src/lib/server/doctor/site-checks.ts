import type { RunConfig } from '../config/run-config'
import { createSeal } from '../crypto/sealed'
import {
  SELF_CHECK_HEADER,
  SELF_CHECK_PURPOSE,
  selfCheckHeader,
  selfCheckSchema,
  STREAM_PAUSE_MS,
  type SelfCheck,
} from '../http/self-check'
import { isAllowedHost } from '$lib/network/hosts'
import * as v from 'valibot'
import { CHECK_MS, type Report } from './finding'

/** An address that nobody has (RFC 5737): what somebody claims who wants to be somebody else. */
const CLAIMED = '203.0.113.77'
const CHECKS = ['site.host', 'site.client_address', 'site.live_updates', 'site.compression']

type Settings = Pick<RunConfig, 'site' | 'hosts' | 'logoUrl' | 'legal' | 'secretKey'>

/**
 * Whether `site.url` leads to the running service, and what stands between passes on what it needs. `ask`: how to
 * ask, which is `fetch`. `settings`: the fingerprint that those of the service should have; null: they are known.
 */
export async function checkSite({
  config,
  settings,
  report,
  clock,
  ask = fetch,
}: {
  config: Settings
  settings: string | null
  report: Report
  clock: () => number
  ask?: typeof fetch
}): Promise<void> {
  const seal = createSeal(config.secretKey, SELF_CHECK_PURPOSE)
  const request = (query: string) =>
    ask(`${config.site.url}/healthz${query}`, {
      headers: { [SELF_CHECK_HEADER]: selfCheckHeader(seal, clock()), 'x-forwarded-for': CLAIMED },
      redirect: 'manual',
      signal: AbortSignal.timeout(CHECK_MS),
    })
  const seen = await checkAddress(config, request, report)
  if (seen === null) report.notAsked(CHECKS, 'site.url does not lead to this program')
  else {
    if (settings !== null && settings !== seen.settings)
      report.warning('config.running', null, {
        found: 'The running service has other settings than those that are checked here',
        remedy:
          'Restart the service if they were changed since its start, and run doctor with its CONFIG and environment',
      })
    checkHost(config, seen, report)
    checkClientAddress(config, seen, report)
    await checkLiveUpdates(request, report)
    await checkCompression(config, ask, report)
  }
  await checkLinks(config, ask, report)
}

/** Where no service can be asked. */
export function siteNotAsked(report: Report, why: string): void {
  report.notAsked(['site.address', ...CHECKS], why)
}

async function checkAddress(
  { site }: Settings,
  request: (query: string) => Promise<Response>,
  report: Report,
): Promise<SelfCheck | null> {
  const check = 'site.address'
  const key = 'site.url'
  let response: Response
  let body: unknown
  try {
    response = await request('')
    // What is no JSON is another program's, which is told below.
    body = await response.json().catch(() => undefined)
  } catch (error) {
    report.error(check, key, {
      found: `${site.url} cannot be reached from this machine (${reasonOf(error)})`,
      remedy:
        'Start the service and its reverse proxy, and check the name in DNS, the certificate and the firewall; if this machine cannot open its own public address, run doctor from another one',
    })
    return null
  }
  const seen = v.safeParse(selfCheckSchema, body)
  if (seen.success) {
    report.ok(check, key, `${site.url} leads to this program`)
    return seen.output
  }
  report.error(check, key, whyElsewhere(site.url, response, body))
  return null
}

function whyElsewhere(
  url: string,
  { status, headers }: Response,
  body: unknown,
): { found: string; remedy: string } {
  if (status >= 502 && status <= 504)
    return {
      found: `The reverse proxy answers at ${url}, but does not reach this program (${status})`,
      remedy: 'Start the service, and let the proxy ask the address that HOST and PORT name',
    }
  if (status >= 300 && status < 400)
    return {
      found: `${url} redirects to ${headers.get('location') ?? 'elsewhere'}`,
      remedy: 'Set site.url to the final address',
    }
  if (v.is(v.object({ client: v.string() }), body))
    return {
      found: `At ${url}, another version of this program answers`,
      remedy: 'Restart the service after each update',
    }
  if (v.is(v.object({ status: v.literal('ok') }), body))
    return {
      found: `At ${url}, an installation of this program with another secret key answers, or an older version`,
      remedy: 'Restart the service after each change of its configuration, and run doctor with the same one',
    }
  return {
    found: `Another program answers at ${url} (${status})`,
    remedy: 'Let the reverse proxy pass on all of this host to this program, and check site.url',
  }
}

function checkHost({ hosts }: Settings, { host }: SelfCheck, report: Report): void {
  if (isAllowedHost(host, [...hosts]))
    report.ok('site.host', 'hosts', `Requests arrive for ${host ?? 'no host'}`)
  else
    report.error('site.host', 'hosts', {
      found: `Requests arrive for ${host ?? 'no host'}, which is not among the hosts, so they are refused`,
      remedy: 'Let the proxy pass on the Host header as it came (nginx: proxy_set_header Host $host)',
    })
}

/** By what the running service trusts, which the file no longer has to say. */
function checkClientAddress({ site }: Settings, seen: SelfCheck, report: Report): void {
  const check = 'site.client_address'
  const key = 'trust_proxy'
  const { client, forwardedFor, trusted } = seen
  const isPassedOn = forwardedFor !== null && forwardedFor !== CLAIMED
  if (client === CLAIMED)
    report.error(check, key, {
      found: 'Anybody can claim any address: the X-Forwarded-For of a visitor is believed',
      remedy: isPassedOn
        ? 'List in trust_proxy only the addresses of your own proxies, and restart the service'
        : 'Let the proxy set X-Forwarded-For, or set trust_proxy: false if there is no proxy, and restart the service',
    })
  else if (!trusted && isPassedOn)
    report.error(check, key, {
      found: 'A proxy tells the addresses of visitors, but is not trusted: all visitors count as one',
      remedy: 'Set trust_proxy: true, or to the address of the proxy, and restart the service',
    })
  // This program speaks no TLS itself, and the header was sent.
  else if (!trusted && (site.url.startsWith('https:') || forwardedFor === null))
    report.error(check, key, {
      found:
        'A proxy is in front, but it is not trusted, and tells no address of a visitor: all visitors count as one',
      remedy:
        'Let the proxy set X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr), set trust_proxy: true, and restart the service',
    })
  else if (trusted && forwardedFor === null)
    report.error(check, key, {
      found: 'trust_proxy is set, but the proxy sends no X-Forwarded-For: all visitors count as one',
      remedy: 'Let the proxy send X-Forwarded-For',
    })
  else report.ok(check, key, `This request counts as one from ${client}`)
}

async function checkLiveUpdates(
  request: (query: string) => Promise<Response>,
  report: Report,
): Promise<void> {
  const check = 'site.live_updates'
  try {
    const response = await request('?stream')
    const reader = response.body?.getReader()
    const asked = performance.now()
    await reader?.read()
    const first = performance.now() - asked
    while (reader !== undefined && !(await reader.read()).done);
    const whole = performance.now() - asked
    if (whole - first > STREAM_PAUSE_MS / 2)
      report.ok(check, null, 'What happens is shown to moderators at once')
    else
      report.warning(check, null, {
        found:
          'The proxy holds answers back until they are complete, so moderators see what happens only when they load a page',
        remedy: 'Switch off buffering of answers in the proxy (nginx: proxy_buffering off)',
      })
  } catch (error) {
    report.warning(check, null, {
      found: `An answer in two pieces did not arrive (${reasonOf(error)})`,
      remedy: 'Let the proxy pass on long answers as they come',
    })
  }
}

async function checkCompression({ site }: Settings, ask: typeof fetch, report: Report): Promise<void> {
  const check = 'site.compression'
  try {
    const response = await ask(`${site.url}/`, {
      headers: { 'accept-encoding': 'gzip, br' },
      signal: AbortSignal.timeout(CHECK_MS),
    })
    await response.arrayBuffer()
    const encoding = response.headers.get('content-encoding')
    if (encoding !== null) report.ok(check, null, `Pages are compressed (${encoding})`)
    else
      report.warning(check, null, {
        found: 'Pages arrive uncompressed, three times as large as need be',
        remedy: 'Let the proxy pass on Accept-Encoding',
      })
  } catch (error) {
    report.warning(check, null, {
      found: `The first page did not arrive (${reasonOf(error)})`,
      remedy: 'Open it in a browser, and read the log',
    })
  }
}

/** What the pages of the site lead to. */
async function checkLinks({ logoUrl, legal }: Settings, ask: typeof fetch, report: Report): Promise<void> {
  const links: [string, string, string][] = [
    ...(logoUrl === null ? [] : [['site.logo', 'logo_url', logoUrl] as [string, string, string]]),
    ...legal.map(({ url }, index): [string, string, string] => [
      'site.legal',
      `legal entry ${index + 1}: url`,
      url,
    ]),
  ]
  for (const [check, key, url] of links) {
    const why = await ask(url, { signal: AbortSignal.timeout(CHECK_MS) }).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok ? null : `it answers ${response.status}`
      },
      (error: unknown) => reasonOf(error),
    )
    if (why === null) report.ok(check, key, `${url} answers`)
    else
      report.warning(check, key, {
        found: `${url} cannot be read (${why})`,
        remedy: `Open it in a browser, and correct ${key}`,
      })
  }
}

/** fetch tells what happened only in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  if (cause.name === 'TimeoutError') return `no answer within ${CHECK_MS / 1000} s`
  return 'code' in cause && cause.code !== '' ? String(cause.code) : cause.message
}
