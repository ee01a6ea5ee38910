import { isIPv4, isIPv6 } from 'node:net'

/**
 * One spelling per address: dotted IPv4, IPv6 according to RFC 5952, IPv4-mapped IPv6 (RFC 4291, 2.5.5.2) as the IPv4
 * address, without a zone. Null if the text is no address.
 */
export function canonicalAddress(text: string): string | null {
  if (isIPv4(text)) return text
  if (!isIPv6(text)) return null
  const [address = ''] = text.split('%')
  const groups = groupsOf(address)
  return mappedIPv4(groups) ?? compressed(address)
}

/**
 * The network that most likely belongs to one party: a single IPv4 address, or the /64 of IPv6 (RFC 4291, 2.5.4: the
 * rest is the host's own choice, so one host has 2^64 of them). Text that is no address is returned unchanged.
 */
export function networkOf(address: string): string {
  return networksOf(address)[0].network
}

/** A network, and its limit as a multiple of that of its narrowest part. */
export interface Network {
  network: string
  share: number
}

/**
 * All networks that may belong to one party, the narrowest first. Providers give an IPv6 customer a /64, /56 or /48
 * (RFC 6177, 2), and anybody can get a /48, 65,536 of the narrowest, for free: it gets only four times their limit. A
 * /24 of IPv4 costs money, and many customers of one provider share one: it gets 32 times the limit of an address,
 * instead of 256.
 */
export function networksOf(address: string): [Network, ...Network[]] {
  const canonical = canonicalAddress(address)
  if (canonical === null) return [{ network: address, share: 1 }]
  if (isIPv4(canonical))
    return [
      { network: canonical, share: 1 },
      { network: canonical.replace(/\d+$/, '0/24'), share: 32 },
    ]
  const groups = groupsOf(canonical)
  return [
    { network: prefixOf(groups, 64), share: 1 },
    { network: prefixOf(groups, 56), share: 2 },
    { network: prefixOf(groups, 48), share: 4 },
  ]
}

/** The network of the first 48, 56 or 64 bits. */
function prefixOf(groups: number[], bits: 48 | 56 | 64): string {
  const prefix = groups.slice(0, 4).map((group, index) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * index))
    return group & (0xffff << (16 - kept))
  })
  return `${compressed(`${prefix.map((group) => (group & 0xffff).toString(16)).join(':')}::`)}/${bits}`
}

/** The URL parser writes IPv6 according to RFC 5952, except for mapped addresses, which it writes in hex: fine here. */
function compressed(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = compressed(address).split('::')
  const read = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const before = read(head)
  const after = read(tail ?? '')
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function mappedIPv4(groups: number[]): string | null {
  const [high = 0, low = 0] = groups.slice(6)
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return mapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : null
}
