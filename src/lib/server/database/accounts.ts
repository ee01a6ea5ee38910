import { and, asc, eq, gt, inArray, lt, notInArray, isNull } from 'drizzle-orm'
import { UNOPENED, type AccountState } from '$lib/registration/state'
import type { Username } from '$lib/registration/username'
import type { Reader, Transaction } from './open'
import { accounts, registrations } from './schema'

/** One line of the ledger: an account that was made here, or may have been. */
export type LedgerEntry = typeof accounts.$inferSelect

export async function findAccount(reader: Reader, localpart: Username): Promise<LedgerEntry | null> {
  const [row] = await reader.select().from(accounts).where(eq(accounts.localpart, localpart))
  return row ?? null
}

/** Makes or changes a line; what is not named stays. */
export async function putAccount(
  tx: Transaction,
  localpart: Username,
  change: Partial<Omit<LedgerEntry, 'localpart' | 'state' | 'changedAt'>> & { state: AccountState },
  now: number,
): Promise<void> {
  await tx
    .insert(accounts)
    .values({ localpart, changedAt: now, ...change })
    .onConflictDoUpdate({ target: accounts.localpart, set: { changedAt: now, ...change } })
}

/** For a name that turned out not to be ours. */
export async function deleteAccount(tx: Transaction, localpart: Username): Promise<void> {
  await tx.delete(accounts).where(eq(accounts.localpart, localpart))
}

export async function findDoubtful(reader: Reader): Promise<LedgerEntry[]> {
  return reader.select().from(accounts).where(eq(accounts.state, 'doubtful'))
}

export async function countDoubtful(reader: Reader): Promise<number> {
  return reader.$count(accounts, eq(accounts.state, 'doubtful'))
}

/** Lines that are in one of these states since before a time; pages like `findHeldNames`. */
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

/** The names in the ledger that were never opened, as far as it knows; pages like `findHeldNames`. */
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
 * Accounts that were made here, never opened, and belong to nobody who still waits for them: their registration is
 * gone, over, or has another name now. Pages like `findHeldNames`.
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
