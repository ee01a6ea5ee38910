import { isIPv4 } from 'node:net'
import { asc, eq, isNull } from 'drizzle-orm'
import { domainOf, mailboxOf } from '$lib/registration/email'
import type { Registration } from '$lib/registration/registration'
import { lookOf } from '$lib/registration/username'
import { canonicalAddress, networkOf } from '../auth/network'
import type { Database } from './open'
import { registrations } from './schema'

type Traits = Pick<Registration, 'username' | 'email' | 'clientAddress'>

/** What a registration is found by on the desk: columns that follow from the others. */
export function foundBy({ username, email, clientAddress }: Traits) {
  return {
    domain: domainOf(email),
    network: deskNetwork(clientAddress),
    addressKey: mailboxOf(email),
    nameKey: lookOf(username),
  }
}

/** The network that a moderator thinks of: of IPv4 the /24, of IPv6 the /64. Text that is no address stays as it is. */
export function deskNetwork(clientAddress: string): string {
  const address = canonicalAddress(clientAddress)
  if (address === null) return clientAddress
  return isIPv4(address) ? address.replace(/\d+$/, '0/24') : networkOf(address)
}

const SLICE = 500

/** Fills these columns in for registrations of a time before there were any; without such, it costs one look. */
export async function fillInFoundBy(database: Database): Promise<void> {
  for (;;) {
    const filled = await database.write(async (tx) => {
      const { id, username, email, clientAddress, nameKey } = registrations
      const rows = await tx
        .select({ id, username, email, clientAddress })
        .from(registrations)
        .where(isNull(nameKey))
        .orderBy(asc(id))
        .limit(SLICE)
      for (const row of rows) await tx.update(registrations).set(foundBy(row)).where(eq(id, row.id))
      return rows.length
    })
    if (filled < SLICE) return
  }
}
