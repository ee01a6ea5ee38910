import { sql } from 'drizzle-orm'
import { SEVERAL, SHARED, type Shared } from '$lib/moderation/found'
import type { Reader } from './open'
import { reasonPrints, registrations } from './schema'

/**
 * What the waiting ones of these registrations have in common with others: exactly the same words, the inbox, a
 * lookalike username; and their network with several that wait. Each is a lookup or two in an index.
 */
export async function findShared(reader: Reader, ids: string[]): Promise<Map<string, Shared[]>> {
  const rows = await reader.all<{ id: string } & Record<Shared, number>>(sql`
    select r.id as id,
      exists (select 1 from ${reasonPrints} own join ${reasonPrints} o on o.print = own.print
        and o.registration_id <> r.id where own.registration_id = r.id and own.print like '=%') as words,
      exists (select 1 from ${registrations} o where o.address_key = r.address_key and o.id <> r.id) as inbox,
      exists (select 1 from ${registrations} o where o.name_key = r.name_key and o.id <> r.id) as name,
      (select 1 from ${registrations} o where o.network = r.network
        and o.queue in ('waiting', 'answered', 'asked') and o.id <> r.id
        limit 1 offset ${SEVERAL - 1}) is not null as network
    from ${registrations} r
    where r.id in (select value from json_each(${JSON.stringify(ids)})) and r.state = 'requested'`)
  return new Map(rows.map((row) => [row.id, SHARED.filter((what) => row[what] === 1)]))
}
