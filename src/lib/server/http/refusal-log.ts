import { hostNameOf } from '../net/hosts'
import { createLogRateLimit } from '../logging/log-rate-limit'
import type { Refused } from './request-guard'

const WORDS: Record<Refused['why'], string> = {
  unknown_host:
    'A request for a name that is not served was refused: "hosts" in config.yaml lists those that are',
  other_site:
    'What another site sent was refused. If it was a page of this one, the proxy in front passes on another Host than people open',
  not_text: 'A form that is no form of ours was refused',
  no_action: 'A form for an action that there is not was refused',
  method: 'A call of the API by another method was refused',
  not_json: 'A call of the API that is not JSON was refused',
  batch: 'Several calls of the API in one request were refused',
}

/**
 * Tells the log of requests that are refused before they reach a page, each kind at most once a minute, with how many went
 * before it untold: neither does a flood of them fill the log, nor does one go unheard. Of what was sent it names hosts alone.
 */
export function createRefusalLog({
  log,
  clock,
}: {
  log: { warn(details: Record<string, unknown>, words: string): void }
  clock: () => number
}) {
  const untoldOf = createLogRateLimit({ clock })
  return (why: Refused['why'], headers: Headers): void => {
    const more = untoldOf(why)
    if (more === null) return
    const from = hostOf(headers.get('origin') ?? headers.get('referer'))
    const site = headers.get('sec-fetch-site')
    log.warn(
      {
        host: nameOf(headers.get('host')),
        ...(from === null ? {} : { from }),
        ...(site === 'cross-site' || site === 'same-site' ? { site } : {}),
        ...(more === 0 ? {} : { more }),
      },
      WORDS[why],
    )
  }
}

/** With its port: that is what proxies lose. */
function nameOf(host: string | null): string | null {
  return host !== null && hostNameOf(host) !== null ? host : null
}

function hostOf(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null
  const { protocol, host } = new URL(address)
  return hostNameOf(host) === null ? null : `${protocol}//${host}`
}
