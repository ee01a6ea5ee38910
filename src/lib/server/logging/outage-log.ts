import type { Logger } from 'pino'
import { problemOf, isDatabaseOutage } from '../database/problem'
import { HomeserverError } from '../homeserver/homeserver'
import { withoutAddresses } from './log'
import { createLogRateLimit } from './log-rate-limit'

export type OutageLog = ReturnType<typeof createOutageLog>

/**
 * Logs failures of homeserver or database while somebody was waiting: the call, and the reason without any user
 * input. Returns false for other errors.
 */
export function createOutageLog({ log, clock }: { log: Pick<Logger, 'warn'>; clock: () => number }) {
  const untoldOf = createLogRateLimit({ clock })

  return (path: string, error: unknown): boolean => {
    const failure = read(error)
    if (failure === null) return false
    const repeated = untoldOf(`${path} ${failure.reason}`)
    if (repeated === null) return true
    log.warn(
      { path, ...failure, ...(repeated === 0 ? {} : { repeated }) },
      'Somebody was turned away because a server failed',
    )
    return true
  }
}

function read(error: unknown): { server: string; kind: string; reason: string } | null {
  if (error instanceof HomeserverError)
    return { server: 'homeserver', kind: error.kind, reason: withoutAddresses(error.why) }
  if (!isDatabaseOutage(error)) return null
  return { server: 'database', kind: 'out', reason: problemOf('database', error).message }
}
