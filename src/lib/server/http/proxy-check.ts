import proxyaddr from 'proxy-addr'
import { canonicalAddress } from '$lib/network/ip'
import { trustedPeers } from './client-address'

/** How the proxy in front and `trust_proxy` mismatch; `peer`: the address that connected. */
export type ProxyProblem =
  /** It sends the client address, but is not trusted: all visitors count as one. */
  | { code: 'proxy_not_trusted'; peer: string; header: string }
  /** It is trusted, but sends none: all visitors count as one, or it is bypassed. */
  | { code: 'proxy_silent'; peer: string }

/** Headers of proxies (RFC 7239, and by custom); browsers send none of them. */
const HEADERS = ['x-forwarded-for', 'x-real-ip', 'forwarded']
/** Addresses of an operator's own proxy. A stranger connecting from elsewhere can claim anything. */
const isNear = proxyaddr.compile(['loopback', 'linklocal', 'uniquelocal'])
/** Visiting the site on its own machine sends no such header either. */
const SILENT_IN_A_ROW = 20

/**
 * Detects from requests that `trust_proxy` does not match the proxy in front: rate limits and signals then count all
 * visitors as one. Logged once, and shown in the queue until a request shows that it is fixed.
 */
export function createProxyWatch({
  trustProxy,
  log,
}: {
  trustProxy: boolean | readonly string[]
  log: Record<'warn' | 'info', (details: object, words: string) => void>
}) {
  const isTrusted = trustedPeers(trustProxy)
  let problem: ProxyProblem | null = null
  let silent = 0

  function tell(found: ProxyProblem): void {
    if (problem?.code === found.code) return
    problem = found
    const { code, ...seen } = found
    log.warn({ key: 'trust_proxy', ...seen }, WORDS[code])
  }

  return {
    problem: (): ProxyProblem | null => problem,

    /** Inspects a request before it is answered. `socketAddress`: undefined over a Unix socket. */
    see({ socketAddress, headers }: { socketAddress: string | undefined; headers: Headers }): void {
      const peer = canonicalAddress(socketAddress ?? '')
      const header = HEADERS.find((name) => headers.has(name))
      const near = peer === null || isNear(peer, 0)
      if (!isTrusted(socketAddress)) {
        if (header !== undefined && near) tell({ code: 'proxy_not_trusted', peer: peer ?? 'socket', header })
        return
      }
      if (headers.has('x-forwarded-for')) {
        silent = 0
        if (problem !== null) log.info({ key: 'trust_proxy' }, 'The proxy sends the client address')
        problem = null
        return
      }
      silent++
      if (!near || silent >= SILENT_IN_A_ROW) tell({ code: 'proxy_silent', peer: peer ?? 'socket' })
    },
  }
}

const WORDS: Record<ProxyProblem['code'], string> = {
  proxy_not_trusted:
    'A proxy sends X-Forwarded-For, but trust_proxy does not include it: all visitors count as one. Set trust_proxy: true, or to the address of the proxy',
  proxy_silent:
    'trust_proxy is set, but requests arrive without X-Forwarded-For: all visitors count as one, or anybody can claim any address. Let the proxy send X-Forwarded-For, or set trust_proxy: false, and make sure that only the proxy can reach this port',
}
