import { hostNameOf } from '$lib/network/hosts'
import { createLogRateLimit } from '../logging/log-rate-limit'
import type { Refused } from './request-guard'

const WORDS: Record<Refused['why'], string> = {
  unknown_host:
    'A request for a host that is not served was refused: "hosts" in config.yaml lists those that are',
  long_path: 'A request for a path that is longer than any page or link here was refused',
  other_site:
    'A cross-site request was refused. If it came from a page of this site, the proxy passes on a different Host than the one people open',
  not_text: 'A request that none of our forms can send was refused',
  no_action: 'A form for an unknown action was refused',
  method: 'An API call with the wrong method was refused',
  not_json: 'An API call that is not JSON was refused',
  batch: 'A request with several API calls was refused',
}

/**
 * Logs requests that are refused before they reach a page, each kind at most once a minute, with how many were
 * suppressed since: a flood does not fill the log, and none goes unnoticed. Of the request, only hosts are logged.
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
