import proxyaddr from 'proxy-addr'
import { canonicalAddress, forwardedAddress } from '$lib/network/ip'

/** RFC 4291, 2.5.2: the unspecified address; for a request over a Unix socket without a trusted proxy. */
const UNSPECIFIED = '::'

/**
 * The address of the client that sent a request, normalized (`canonicalAddress`). `X-Forwarded-For` is read from the
 * right, because each proxy appends the address it saw and everything before is the client's own claim. `trustProxy`:
 * false trusts none; true trusts the one proxy that is connected; a list trusts these addresses and networks (or
 * `loopback`, `linklocal`, `uniquelocal`), through as many hops as they form. Anything that is no address ends the
 * walk: the last trustworthy hop is returned. Throws TypeError for a list with anything else in it.
 */
export function clientAddress({
  socketAddress,
  forwardedFor,
  trustProxy,
}: {
  socketAddress: string | undefined
  forwardedFor: string | null | undefined
  trustProxy: boolean | readonly string[]
}): string {
  const socket = canonicalAddress(socketAddress ?? '')
  const trusted = trustOf(trustProxy)
  let client = socket ?? UNSPECIFIED
  const claims = (forwardedFor ?? '').split(',').reverse()
  for (const [hop, claim] of claims.entries()) {
    if (!trusted(client, hop)) return client
    const next = forwardedAddress(claim)
    if (next === null) return client
    client = next
  }
  return client
}

/** Whether `X-Forwarded-For` is believed of whoever connects from there; `undefined`: over a Unix socket. */
export function trustedPeers(
  trustProxy: boolean | readonly string[],
): (socketAddress: string | undefined) => boolean {
  const trusted = trustOf(trustProxy)
  return (socketAddress) => trusted(canonicalAddress(socketAddress ?? '') ?? UNSPECIFIED, 0)
}

function trustOf(trustProxy: boolean | readonly string[]): (address: string, hop: number) => boolean {
  if (trustProxy === true) return (_, hop) => hop === 0
  return trustProxy === false ? () => false : proxyaddr.compile([...trustProxy])
}
