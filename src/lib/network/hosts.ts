import { canonicalAddress } from './ip'

/** Names of this machine. A page elsewhere whose name is made to resolve here (DNS rebinding) uses another name. */
export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '::1'] as const

/** Like Django's `host_validation_re` (django/http/request.py), after lower-casing. */
const HOST = /^(?:([a-z0-9.-]+)|\[([a-f0-9]*:[a-f0-9.:]+)\])(?::[0-9]{1,5})?$/

/** RFC 1035, 2.3.4, and a port. */
const LONGEST = 255 + ':65535'.length

/**
 * Whether a Host header names one of our hosts, like Django's ALLOWED_HOSTS: `example.org` is that host,
 * `.example.org` it and its subdomains, `*` any valid host. The port, case and one trailing dot are ignored. Links in
 * emails and redirects are made for these hosts only.
 */
export function isAllowedHost(hostHeader: string | null | undefined, hosts: readonly string[]): boolean {
  const host = hostNameOf(hostHeader ?? '')
  return host !== null && hosts.some((pattern) => matches(host, pattern.toLowerCase()))
}

function matches(host: string, pattern: string): boolean {
  if (pattern === '*') return true
  if (pattern.startsWith('.') && pattern.length > 1)
    return host === pattern.slice(1) || host.endsWith(pattern)
  return host === (hostNameOf(pattern) ?? canonicalAddress(pattern))
}

/** The host name or address in a Host header, normalized; null if it is neither. */
export function hostNameOf(header: string): string | null {
  if (header.length > LONGEST) return null
  const [, name, literal] = HOST.exec(header.toLowerCase()) ?? []
  if (literal !== undefined) return canonicalAddress(literal)
  const host = name?.replace(/\.$/, '') ?? ''
  return host.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label)) ? host : null
}
