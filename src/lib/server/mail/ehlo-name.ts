import { isIP } from 'node:net'
import { isLocal } from '../config/derive'

/**
 * The name with which this program greets mail servers (RFC 5321, 4.1.1.1 and 4.1.4): the site's host; the sender's
 * domain if the site is opened by IP address or on this machine; else the address (4.1.3). A container's own name is
 * unknown to anybody else, and the usual replacement, `[127.0.0.1]`, is rejected by relays.
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
