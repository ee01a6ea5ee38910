import { isIP, BlockList } from 'node:net'
import { RE2JS } from 're2js'
import type { EmailAddress } from '$lib/registration/email'
import type { Username } from '$lib/registration/username'

/** What the operator keeps back. Patterns match the whole value, in time linear to its length. */
export interface Rules {
  isNameReserved(username: Username): boolean
  isAddressBlocked(email: EmailAddress): boolean
  isNetworkBlocked(clientAddress: string): boolean
}

/**
 * Reads the rules of the configuration: names, patterns (RE2 syntax, case does not count) and networks
 * (`203.0.113.0/24`, `2001:db8::/32`, or one address). Throws on patterns and networks that cannot be read.
 */
export function createRules({
  reservedUsernames,
  blockedUsernames,
  blockedEmails,
  blockedNetworks,
}: {
  reservedUsernames: readonly string[]
  blockedUsernames: readonly string[]
  blockedEmails: readonly string[]
  blockedNetworks: readonly string[]
}): Rules {
  const reserved = new Set(reservedUsernames.map((name) => name.toLowerCase()))
  const names = blockedUsernames.map(wholeValue)
  const addresses = blockedEmails.map(wholeValue)
  const networks = new BlockList()
  for (const network of blockedNetworks) addNetwork(networks, network)
  return {
    isNameReserved: (username) => reserved.has(username) || names.some((matches) => matches(username)),
    isAddressBlocked: (email) => addresses.some((matches) => matches(email)),
    isNetworkBlocked: (address) => {
      const family = isIP(address)
      return family !== 0 && networks.check(address, family === 6 ? 'ipv6' : 'ipv4')
    },
  }
}

function wholeValue(pattern: string): (value: string) => boolean {
  const compiled = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE)
  return (value) => compiled.matches(value)
}

function addNetwork(networks: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/')
  const type = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (prefix === undefined) networks.addAddress(address, type)
  else networks.addSubnet(address, Number(prefix), type)
}
