import { canonicalAddress, networkText, parseNetwork, wider } from './ip'

/**
 * The network that most likely belongs to one party: a single IPv4 address, or the /64 of IPv6 (RFC 4291, 2.5.4: the
 * rest is the host's own choice, so one host has 2^64 of them). Text that is no address is returned unchanged.
 */
export function networkOf(address: string): string {
  return networksOf(address)[0].network
}

/** No address is without a dot or colon, and none has a slash. */
const MAY_BE_ADDRESS = /^[^/]*[.:][^/]*$/

/** A network, and its limit as a multiple of that of its narrowest part. */
export interface ClientNetwork {
  network: string
  share: number
}

/**
 * All networks that may belong to one party, the narrowest first. Providers give an IPv6 customer a /64, /56 or /48
 * (RFC 6177, 2), and anybody can get a /48, 65,536 of the narrowest, for free: it gets only four times their limit. A
 * /24 of IPv4 costs money, and many customers of one provider share one: it gets 32 times the limit of an address,
 * instead of 256.
 */
export function networksOf(address: string): [ClientNetwork, ...ClientNetwork[]] {
  // Most texts are no address: trying to read one as such takes longer than anything else here.
  const parsed = MAY_BE_ADDRESS.test(address) ? parseNetwork(canonicalAddress(address) ?? '') : null
  if (parsed === null) return [{ network: address, share: 1 }]
  const at = (prefix: number, share: number) => ({ network: networkText(wider(parsed, prefix)), share })
  return parsed.family === 4 ? [at(32, 1), at(24, 32)] : [at(64, 1), at(56, 2), at(48, 4)]
}

/** The network as moderators think of it: the /24 of IPv4, the /64 of IPv6. Text that is no address stays unchanged. */
export function deskNetwork(clientAddress: string): string {
  const address = parseNetwork(clientAddress)
  return address === null ? clientAddress : networkText(wider(address, deskPrefix(address)))
}

/** The same of a typed address or network; one that is wider than those stays what it is, in its canonical spelling. */
export function deskNetworkOf(typed: string): string {
  const network = parseNetwork(typed)
  if (network === null) return typed
  return network.prefix < deskPrefix(network) ? networkText(network) : deskNetwork(typed)
}

/** Whether a network is one as moderators think of it. */
export function isDeskNetwork(text: string): boolean {
  const network = parseNetwork(text)
  return network !== null && network.prefix === deskPrefix(network)
}

const deskPrefix = ({ family }: { family: 4 | 6 }): 24 | 64 => (family === 4 ? 24 : 64)
