import type { Logger } from 'pino'
import { HomeserverError, type Homeserver } from './homeserver'

export type ConsentWatch = ReturnType<typeof createConsentWatch>

/** Looks whether `consent_version` and `form_secret` are the homeserver's, before somebody who was approved shows it. */
export function createConsentWatch({
  homeserver,
  version,
  log,
}: {
  homeserver: Pick<Homeserver, 'consentProblem'>
  /** `consent_version`; null where no consent is recorded. */
  version: string | null
  log: Pick<Logger, 'warn'>
}) {
  let problem: { code: 'consent'; why: string } | null = null

  return {
    problem: () => problem,

    /** Never throws what the homeserver does: while it is out, the job that records consent says so. */
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
