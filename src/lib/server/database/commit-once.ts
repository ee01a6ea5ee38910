import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { LibsqlError } from '@libsql/client'
import { and, eq, like, lt, sql } from 'drizzle-orm'
import type { Transaction } from './open'
import { settings } from './schema'

/** The answer to a commit was lost, and so was every try to find out whether it took effect. */
export class OutcomeUnknown extends LibsqlError {
  constructor(cause: unknown) {
    const words = 'The answer to a commit was lost: it may have been written'
    super(words, 'COMMIT_UNKNOWN', undefined, undefined, cause instanceof Error ? cause : undefined)
  }
}

type Transact = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>

const PREFIX = 'writer '
/** By the clock of the database's server, in milliseconds. */
const NOW = sql<number>`unixepoch() * 1000`
const FORGOTTEN_MS = 24 * 60 * 60_000

/**
 * Transactions of one writer on a libSQL server, one at a time, each of which takes effect once, also where the answer to
 * its commit is lost. Each leaves its id in the writer's row; whether it took effect is asked in a transaction of its
 * own, which begins when the first is over. Throws `OutcomeUnknown` where that cannot be found out with these waits
 * between the tries (milliseconds); what else it throws did not take effect.
 */
export function commitOnce(transact: Transact, waits: readonly number[]): Transact {
  const writer = PREFIX + randomUUID()
  let isTidy = false

  async function leave(tx: Transaction, id: string): Promise<void> {
    const set = { value: id, changedAt: NOW }
    await tx
      .insert(settings)
      .values({ key: writer, ...set })
      .onConflictDoUpdate({ target: settings.key, set })
    if (isTidy) return
    const old = lt(settings.changedAt, sql`${NOW} - ${FORGOTTEN_MS}`)
    await tx.delete(settings).where(and(like(settings.key, `${PREFIX}%`), old))
  }

  async function lastId(lost: unknown): Promise<unknown> {
    for (const wait of [0, ...waits]) {
      await sleep(wait)
      try {
        const [row] = await transact((tx) => tx.select().from(settings).where(eq(settings.key, writer)))
        return row?.value
      } catch (error) {
        lost = error
      }
    }
    throw new OutcomeUnknown(lost)
  }

  return async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    const id = randomUUID()
    const done: { value: T }[] = []
    try {
      const value = await transact(async (tx) => {
        const value = await work(tx)
        await leave(tx, id)
        done.push({ value })
        return value
      })
      isTidy = true
      return value
    } catch (error) {
      const [end] = done
      if (end === undefined || (await lastId(error)) !== id) throw error
      return end.value
    }
  }
}
