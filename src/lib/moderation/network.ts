/** A network: the first `prefix` of its 32 or 128 bits. The remaining bits are 0. */
export interface Network {
  family: 4 | 6
  bits: bigint
  prefix: number
}

const WIDTH = { 4: 32, 6: 128 } as const

/**
 * Parses an address or a network (`203.0.113.0/24`, `2001:db8::/32`). IPv4-mapped IPv6 (`::ffff:203.0.113.7`) becomes
 * the IPv4 address; a zone (`%eth0`) is dropped; host bits are cleared. Null for anything else.
 */
export function parseNetwork(typed: string): Network | null {
  const [, address = '', length] = /^([^/%]+)(?:%[\w.-]+)?(?:\/(\d{1,3}))?$/.exec(typed.trim()) ?? []
  const found = readIPv4(address) ?? readIPv6(address)
  if (found === null) return null
  const full = WIDTH[found.family]
  const prefix = length === undefined ? full : Number(length)
  if (prefix > full) return null
  const mapped = found.family === 6 && found.bits >> 32n === 0xffffn && prefix >= 96
  return mapped ? cut(4, found.bits & 0xffff_ffffn, prefix - 96) : cut(found.family, found.bits, prefix)
}

/** Formats a network: a single address without a prefix, IPv6 according to RFC 5952. */
export function networkText({ family, bits, prefix }: Network): string {
  const address = family === 4 ? writeIPv4(bits) : writeIPv6(bits)
  return prefix === WIDTH[family] ? address : `${address}/${prefix}`
}

/** The network of the first `prefix` bits of an address, for comparing: the same text for all addresses in it. */
export function networkKey({ family, bits }: Network, prefix: number): string {
  return `${family} ${prefix} ${cut(family, bits, prefix).bits}`
}

function cut(family: 4 | 6, bits: bigint, prefix: number): Network {
  const rest = BigInt(WIDTH[family] - prefix)
  return { family, bits: (bits >> rest) << rest, prefix }
}

function readIPv4(text: string): Network | null {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return null
  const bytes = text.split('.').map(Number)
  if (bytes.some((byte) => byte > 255)) return null
  return { family: 4, bits: bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n), prefix: 32 }
}

/** The URL parser accepts every notation of IPv6. */
function readIPv6(text: string): Network | null {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return null
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::')
  const read = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'))
  const [before, after] = [read(head), read(tail)]
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return {
    family: 6,
    bits: groups.reduce((bits, group) => (bits << 16n) | BigInt(Number.parseInt(group, 16)), 0n),
    prefix: 128,
  }
}

const writeIPv4 = (bits: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.')

function writeIPv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn)
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname.slice(1, -1)
}
