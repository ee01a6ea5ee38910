import { isIP } from 'node:net'
import { isLocal } from '../config/derive'

/**
 * The name that this program greets mail servers with (RFC 5321, 4.1.1.1 and 4.1.4): the host of the site; the sender's
 * domain where people open the site by an address or on this machine; else the address (4.1.3). A container's own name is
 * known to nobody else, and what takes its place, `[127.0.0.1]`, is refused by relays.
 */
export function ehloName(siteUrl: string, senderDomain: string): string {
  const host = new URL(siteUrl).hostname.replace(/\.$/, '')
  if (!isLocal(host) && isIP(bare(host)) === 0) return host
  const sender = `http://${senderDomain}`
  const domain = URL.canParse(sender) ? new URL(sender).hostname : host
  if (isIP(bare(domain)) === 0) return domain
  return domain.startsWith('[') ? `[IPv6:${bare(domain)}]` : `[${domain}]`
}

const bare = (host: string) => host.replace(/^\[|\]$/g, '')
