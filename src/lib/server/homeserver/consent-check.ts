import type { Logger } from 'pino'
import { HomeserverError, type Homeserver } from './homeserver'

/**
 * Checks whether `consent_version` and `form_secret` match the homeserver's, before the first approval fails on them.
 */
export function createConsentWatch({
  homeserver,
  version,
  log,
}: {
  homeserver: Pick<Homeserver, 'consentProblem'>
  /** `consent_version`; null if consent is not recorded. */
  version: string | null
  log: Pick<Logger, 'warn'>
}) {
  let problem: { code: 'consent'; why: string } | null = null

  return {
    problem: () => problem,

    /** Never throws the homeserver's errors: during an outage, the job that records consent reports it. */
    async look(): Promise<void> {
      if (version === null) return
      try {
        const found = await homeserver.consentProblem(version)
        problem = found === null ? null : { code: 'consent', why: found.why }
      } catch (error) {
        if (!(error instanceof HomeserverError)) throw error
        log.warn({ reason: error.why }, 'Could not ask the homeserver whether consent can be recorded')
        return
      }
      if (problem !== null)
        log.warn({ key: 'consent_version', reason: problem.why }, 'Consent cannot be recorded')
    },
  }
}
