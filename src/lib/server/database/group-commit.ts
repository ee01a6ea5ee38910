import { isBusy } from './busy'
import { OutcomeUnknown } from './commit-once'
import type { Database, Transaction } from './open'
import { isUnreached } from './problem'

/** Local calls block the event loop: after this long, the batch is flushed and others run. */
const TOGETHER_MS = 8

/** Runs a work in a transaction so that it is rolled back alone if it throws. */
export type Savepoint = <T>(
  transaction: Transaction,
  work: (transaction: Transaction) => Promise<T>,
) => Promise<T>

/** A work waiting to be written, and how its caller is told. */
interface Waiting {
  /** Runs it; returns what tells the caller once everything is on disk. */
  run: (transaction: Transaction) => Promise<() => void>
  fail: (error: unknown) => void
}

/**
 * Combines works that arrive while another is being written into one transaction. If one of them breaks the
 * transaction for all, `onBroken` gets the error and each is written alone, so that only the failing one gets it too.
 * If it is unknown whether the batch was committed, all get that error, and none is written again. A lock, a transaction
 * that cannot begin, or a server that is not reached, is nobody's own: all get it, because each alone would only wait for
 * it again.
 */
export function groupCommit(
  commit: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>,
  savepoint: Savepoint,
  onBroken: (error: unknown, works: number) => void,
): Database['write'] {
  const waiting: Waiting[] = []
  let writing = false

  /** Returns the error that ended it, if any. */
  async function alone({ run, fail }: Waiting): Promise<unknown> {
    try {
      const tell = await commit(run)
      tell()
      return undefined
    } catch (error) {
      fail(error)
      return error
    }
  }

  async function eachAlone(works: readonly Waiting[]): Promise<void> {
    for (const [index, one] of works.entries()) {
      const error = await alone(one)
      if (isUnreached(error)) return failAll(works.slice(index + 1), error)
    }
  }

  async function together(): Promise<void> {
    const asked = waiting.length
    const taken: Waiting[] = []
    let next = 0
    try {
      const tell = await commit(async (transaction) => {
        const begun = performance.now()
        const ends: (() => void)[] = []
        for (next = 0; ; next++) {
          if (next === taken.length) {
            const more = performance.now() - begun < TOGETHER_MS ? waiting.shift() : undefined
            if (more === undefined) return ends
            taken.push(more)
          }
          const one = taken[next]
          if (one !== undefined) ends.push(await inSavepoint(transaction, one, savepoint))
        }
      })
      for (const end of tell) end()
    } catch (error) {
      // It did not begin, or only with the first statement, as it does over HTTP.
      if (taken.length === 0 || (next === 0 && isUnreached(error)))
        failAll([...taken, ...waiting.splice(0, asked - taken.length)], error)
      else if (isBusy(error)) failAll(taken, error)
      else {
        onBroken(error, taken.length)
        if (error instanceof OutcomeUnknown) failAll(taken, error)
        else await eachAlone(taken)
      }
    }
  }

  async function writeAll(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const [only] = waiting
      if (waiting.length === 1 && only !== undefined) {
        waiting.length = 0
        await alone(only)
      } else await together()
      await new Promise(setImmediate)
    }
    writing = false
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const run: Waiting['run'] = async (transaction) => {
        const value = await work(transaction)
        return () => resolve(value)
      }
      waiting.push({ run, fail: reject })
      if (!writing) {
        writing = true
        setImmediate(() => void writeAll())
      }
    })
}

function failAll(works: readonly Waiting[], error: unknown): void {
  for (const { fail } of works) fail(error)
}

/** An error ends only its own work, except a lock or a lost connection, which are nobody's. */
async function inSavepoint(
  transaction: Transaction,
  { run, fail }: Waiting,
  savepoint: Savepoint,
): Promise<() => void> {
  try {
    return await savepoint(transaction, run)
  } catch (error) {
    if (isBusy(error) || isUnreached(error)) throw error
    return () => fail(error)
  }
}
