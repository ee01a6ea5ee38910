import ipaddr from 'ipaddr.js'

/** A network: the addresses whose first `prefix` bits are those of `address`, whose remaining bits are 0. */
export interface Network {
  family: 4 | 6
  /** In its canonical spelling. */
  address: string
  prefix: number
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * One spelling per address: dotted IPv4, IPv6 according to RFC 5952, IPv4-mapped IPv6 (RFC 4291, 2.5.5.2) as the IPv4
 * address, without a zone. Null if the text is no address.
 */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text)
  return address === null ? null : write(unmapped(address))
}

/**
 * The address in an entry of `X-Forwarded-For`, normalized; null if it has none. Some proxies add the port:
 * `192.0.2.1:4711`, `[2001:db8::1]:4711`.
 */
export function forwardedAddress(entry: string): string | null {
  const text = entry.trim()
  const [, v6, v4] = /^(?:\[([0-9a-f:.]{2,45})\]|([0-9.]{7,15}))(?::[0-9]{1,5})?$/i.exec(text) ?? []
  return canonicalAddress(v6 ?? v4 ?? text)
}

/**
 * Parses an address or a network (`203.0.113.0/24`, `2001:db8::/32`). IPv4-mapped IPv6 (`::ffff:203.0.113.7`) becomes
 * the IPv4 address; a zone (`%eth0`) is dropped; host bits are cleared. Null for anything else.
 */
export function parseNetwork(typed: string): Network | null {
  const [, text = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(typed.trim()) ?? []
  const address = parseAddress(text)
  if (address === null) return null
  const full = widthOf(address)
  const prefix = length === undefined ? full : Number(length)
  if (prefix > full) return null
  const inner = prefix < 96 ? address : unmapped(address)
  return networkAt(inner, inner.kind() === address.kind() ? prefix : prefix - 96)
}

/** Formats a network: a single address without a prefix. */
export function networkText({ family, address, prefix }: Network): string {
  return prefix === (family === 4 ? 32 : 128) ? address : `${address}/${prefix}`
}

/** The network of the first `prefix` bits of an address or of a narrower network. */
export function wider({ address }: Network, prefix: number): Network {
  return networkAt(ipaddr.parse(address), prefix)
}

function parseAddress(text: string): Address | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  const [, groups = '', dotted] = /^([\da-f:]*:[\da-f]*)((?<=:)[\d.]+)?(?:%[\w.-]+)?$/i.exec(text) ?? []
  const whole = dotted === undefined ? groups : hexTail(groups, dotted)
  return whole !== null && ipaddr.IPv6.isValid(whole) ? ipaddr.IPv6.parse(whole) : null
}

/** ipaddr.js 2.5 reads octal numbers in a dotted tail, and `::192.0.2.1` as a mapped address: it gets hex groups. */
function hexTail(groups: string, dotted: string): string | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(dotted)) return null
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(dotted).octets
  return `${groups}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function unmapped(address: Address): Address {
  return 'isIPv4MappedAddress' in address && address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function networkAt(address: Address, prefix: number): Network {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - 8 * index))
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return {
    family: address.kind() === 'ipv4' ? 4 : 6,
    address: write(ipaddr.fromByteArray(bytes)),
    prefix,
  }
}

const widthOf = (address: Address): 32 | 128 => (address.kind() === 'ipv4' ? 32 : 128)

function write(address: Address): string {
  return 'toRFC5952String' in address ? new ipaddr.IPv6(address.parts).toRFC5952String() : address.toString()
}
