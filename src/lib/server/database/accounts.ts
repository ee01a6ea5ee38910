import { and, asc, eq, getTableColumns, gt, inArray, lt, notInArray, isNull, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { UNOPENED, type AccountState } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import type { Reader, Transaction } from './open'
import { asStored, perConnection, placeholders } from './prepared-query'
import { accounts, registrations } from './schema'

/** A record of an account that was created here, or may have been. */
export type LedgerEntry = typeof accounts.$inferSelect

const byLocalpart = perConnection((reader: Reader) =>
  reader
    .select()
    .from(accounts)
    .where(eq(accounts.localpart, sql.placeholder('localpart')))
    .prepare(),
)

export async function findAccount(reader: Reader, localpart: Username): Promise<LedgerEntry | null> {
  const [row] = await byLocalpart(reader).all({ localpart })
  return row ?? null
}

/** Creates or updates a record; fields that are not given stay. */
export async function putAccount(
  tx: Transaction,
  localpart: Username,
  change: Partial<Omit<LedgerEntry, 'localpart' | 'state' | 'changedAt'>> & { state: AccountState },
  now: number,
): Promise<void> {
  const given = Object.fromEntries(
    OPTIONAL.map((name) => [givenOf(name), change[name] === undefined ? 0 : 1]),
  )
  const nothing = { registrationId: null, madeAt: null, openedAt: null }
  const values = { ...nothing, localpart, changedAt: now, ...change }
  await upsert(tx).run({ ...asStored(COLUMNS, values), ...given })
}

const COLUMNS = getTableColumns(accounts)
const OPTIONAL = ['registrationId', 'madeAt', 'openedAt'] as const
const givenOf = (name: (typeof OPTIONAL)[number]) => `given ${name}`
const newValue = (column: SQLiteColumn) => sql.raw(`excluded.${column.name}`)
const upsert = perConnection((tx: Transaction) =>
  tx
    .insert(accounts)
    .values(placeholders(COLUMNS))
    .onConflictDoUpdate({
      target: accounts.localpart,
      set: {
        state: newValue(accounts.state),
        changedAt: newValue(accounts.changedAt),
        ...Object.fromEntries(
          OPTIONAL.map((name) => [
            name,
            sql`iif(${sql.placeholder(givenOf(name))}, ${newValue(accounts[name])}, ${accounts[name]})`,
          ]),
        ),
      },
    })
    .prepare(),
)

/** For a username that turned out not to be ours. */
export async function deleteAccount(tx: Transaction, localpart: Username): Promise<void> {
  await tx.delete(accounts).where(eq(accounts.localpart, localpart))
}

export async function findDoubtful(reader: Reader): Promise<LedgerEntry[]> {
  return reader.select().from(accounts).where(eq(accounts.state, 'doubtful'))
}

export async function countDoubtful(reader: Reader): Promise<number> {
  return reader.$count(accounts, eq(accounts.state, 'doubtful'))
}

/** Records in one of these states since before a time; paged like `findHeldNames`. */
export async function findSinceIn(
  reader: Reader,
  states: AccountState[],
  before: number,
  limit: number,
  after: Username | null,
): Promise<LedgerEntry[]> {
  return reader
    .select()
    .from(accounts)
    .where(and(inArray(accounts.state, states), lt(accounts.changedAt, before), isBehind(after)))
    .orderBy(asc(accounts.localpart))
    .limit(limit)
}

/** Recorded usernames that were never active, as far as known; paged like `findHeldNames`. */
export async function findUnopenedNames(
  reader: Reader,
  after: Username | null,
  limit: number,
): Promise<Username[]> {
  const rows = await reader
    .select({ name: accounts.localpart })
    .from(accounts)
    .where(and(isNull(accounts.openedAt), isBehind(after)))
    .orderBy(asc(accounts.localpart))
    .limit(limit)
  return rows.map(({ name }) => name)
}

/**
 * Accounts that were created here, never unlocked, and that nobody is waiting for: their registration is deleted,
 * over, or has another username now. Paged like `findHeldNames`.
 */
export async function findOrphans(
  reader: Reader,
  changedBefore: number,
  limit: number,
  after: Username | null,
): Promise<LedgerEntry[]> {
  const rows = await reader
    .select({ account: accounts })
    .from(accounts)
    .leftJoin(
      registrations,
      and(
        eq(registrations.id, accounts.registrationId),
        eq(registrations.username, accounts.localpart),
        notInArray(registrations.state, ['denied', 'withdrawn', 'started']),
      ),
    )
    .where(
      and(
        inArray(accounts.state, [...UNOPENED]),
        lt(accounts.changedAt, changedBefore),
        isNull(registrations.id),
        isBehind(after),
      ),
    )
    .orderBy(asc(accounts.localpart))
    .limit(limit)
  return rows.map((row) => row.account)
}

const isBehind = (after: Username | null) => (after === null ? undefined : gt(accounts.localpart, after))
