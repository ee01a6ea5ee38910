import { networkText, parseNetwork, wider } from './ip'

/** The network as moderators think of it: the /24 of IPv4, the /64 of IPv6. Text that is no address stays unchanged. */
export function deskNetwork(clientAddress: string): string {
  const address = parseNetwork(clientAddress)
  return address === null ? clientAddress : networkText(wider(address, address.family === 4 ? 24 : 64))
}
