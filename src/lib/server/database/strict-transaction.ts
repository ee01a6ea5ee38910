import { performance } from 'node:perf_hooks'
import type { Transaction } from './open'

/**
 * Wraps a transaction's work so that it throws if it awaited anything but a local database, whose answers need no turn
 * of the event loop. While it waits, the lock is held and other work runs in between.
 */
export function strictTransaction<T>(work: (tx: Transaction) => Promise<T>): (tx: Transaction) => Promise<T> {
  return async (tx) => {
    let turned = false
    const turn = setImmediate(() => (turned = true))
    const begun = turnsOfLoop()
    const value = await work(tx).finally(() => clearImmediate(turn))
    if (turned || turnsOfLoop() !== begun)
      throw new Error('A transaction awaited something that is not the database: do that before or after it')
    return value
  }
}

const turnsOfLoop = (): number => performance.nodeTiming.uvMetricsInfo.loopCount
