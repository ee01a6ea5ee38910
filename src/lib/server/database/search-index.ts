import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { domainOf, mailboxOf } from '$lib/registration/email'
import { printsOf } from '$lib/registration/likeness'
import type { Registration } from '$lib/registration/registration'
import { lookOf } from '$lib/registration/username'
import { deskNetwork } from '$lib/network/client-networks'
import type { Database, Transaction } from './open'
import { perConnection } from './prepared-query'
import { reasonPrints, registrations } from './schema'

type Traits = Pick<Registration, 'username' | 'email' | 'clientAddress'>

/** The columns by which moderators find a registration; derived from the others. */
export function foundBy({ username, email, clientAddress }: Traits) {
  return {
    domain: domainOf(email),
    network: deskNetwork(clientAddress),
    addressKey: mailboxOf(email),
    nameKey: lookOf(username),
  }
}

/** Stores the fingerprint of a reason, so that others can be found by it; an unchanged reason costs one query. */
export async function keepPrints(
  tx: Transaction,
  registrationId: string,
  reason: string | null,
): Promise<void> {
  if (reason === null) return
  const prints = printsOf(reason)
  if (prints !== null) {
    const same = await printOf(tx).all({ registrationId, print: prints.same })
    if (same.length > 0) return
  }
  await printDelete(tx).run({ registrationId })
  if (prints === null) return
  await printInsert(tx).run({ registrationId, prints: JSON.stringify([prints.same, ...prints.near]) })
}

const printDelete = perConnection((tx: Transaction) =>
  tx
    .delete(reasonPrints)
    .where(eq(reasonPrints.registrationId, sql.placeholder('registrationId')))
    .prepare(),
)
const printInsert = perConnection((tx: Transaction) =>
  tx
    .insert(reasonPrints)
    .select(
      sql`select ${sql.placeholder('registrationId')}, value from json_each(${sql.placeholder('prints')})`,
    )
    .prepare(),
)

const printOf = perConnection((tx: Transaction) =>
  tx
    .select({ print: reasonPrints.print })
    .from(reasonPrints)
    .where(
      and(
        eq(reasonPrints.registrationId, sql.placeholder('registrationId')),
        eq(reasonPrints.print, sql.placeholder('print')),
      ),
    )
    .prepare(),
)

const SLICE = 500

/** Fills in these columns for older registrations; if there are none, it costs one query. */
export async function fillInFoundBy(database: Database): Promise<void> {
  for (;;) {
    const filled = await database.write(async (tx) => {
      const { id, username, email, clientAddress, reason, nameKey } = registrations
      const rows = await tx
        .select({ id, username, email, clientAddress, reason })
        .from(registrations)
        .where(isNull(nameKey))
        .orderBy(asc(id))
        .limit(SLICE)
      for (const row of rows) {
        await tx.update(registrations).set(foundBy(row)).where(eq(id, row.id))
        await keepPrints(tx, row.id, row.reason)
      }
      return rows.length
    })
    if (filled < SLICE) return
  }
}

/** This many pages are merged in some ten milliseconds. */
const MERGED_PAGES = 100

/**
 * Call this after deletions: drops the words of deleted and changed registrations from the search index, where they are
 * only marked until then. Others write in between; if nothing changed since the last time, it costs one query.
 * (https://sqlite.org/fts5.html#the_merge_command; a negative number begins anew with all segments.)
 */
export async function mergeSearchIndex(database: Database): Promise<void> {
  const merge = (pages: number) =>
    database.write(async (tx) => {
      const before = await changes(tx)
      await tx.run(sql`insert into search (search, rank) values ('merge', ${pages})`)
      return (await changes(tx)) - before
    })
  for (let pages = -MERGED_PAGES; (await merge(pages)) >= 2; pages = MERGED_PAGES);
}

async function changes(tx: Transaction): Promise<number> {
  const { count } = await tx.get<{ count: number }>(sql`select total_changes() as count`)
  return count
}
