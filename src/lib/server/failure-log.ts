import type { Logger } from 'pino'
import { problemOf, isDatabaseOutage } from './database/problem'
import { HomeserverError } from './homeserver/homeserver'
import { withoutAddresses } from './log'

/** The same failure stands in the log once in this time, with how often it came meanwhile. */
const REPEATED_MS = 60_000
/** So many different failures are told apart; strangers decide neither their words nor their number. */
const KEPT = 200

export type FailureLog = ReturnType<typeof createFailureLog>

/**
 * Logs what homeserver or database refused, or did not answer, while somebody waited for it: which call it was for, and
 * the reason without anything that was typed. Answers false for other errors, which are none of theirs.
 */
export function createFailureLog({ log, clock }: { log: Pick<Logger, 'warn'>; clock: () => number }) {
  const told = new Map<string, { at: number; untold: number }>()

  return (path: string, error: unknown): boolean => {
    const failure = read(error)
    if (failure === null) return false
    const key = `${path} ${failure.reason}`
    const before = told.get(key)
    const now = clock()
    if (before !== undefined && now - before.at < REPEATED_MS) {
      before.untold++
      return true
    }
    told.delete(key)
    told.set(key, { at: now, untold: 0 })
    const [oldest] = told.keys()
    if (told.size > KEPT && oldest !== undefined) told.delete(oldest)
    const repeated = before === undefined || before.untold === 0 ? {} : { repeated: before.untold }
    log.warn({ path, ...failure, ...repeated }, 'Somebody was refused because a server did not do its part')
    return true
  }
}

function read(error: unknown): { server: string; kind: string; reason: string } | null {
  if (error instanceof HomeserverError)
    return { server: 'homeserver', kind: error.kind, reason: withoutAddresses(error.why) }
  if (!isDatabaseOutage(error)) return null
  return { server: 'database', kind: 'out', reason: problemOf('database', error).message }
}
