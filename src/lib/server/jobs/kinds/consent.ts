import type { JobOf } from '$lib/registration/job'
import { cancelled, DONE, REMOVED, withRegistration, type JobServices } from '../run'

/**
 * Under the version that the applicant accepted. If the homeserver never had that version, the setting was a mistake,
 * and the same documents are meant by the current one.
 */
export const consent = withRegistration<
  JobOf<'consent'>,
  Pick<JobServices, 'database' | 'homeserver' | 'consentVersion'>
>(async ({ username, account }, { homeserver, consentVersion }, { version: ticked }) => {
  if (account === 'removed') return REMOVED
  if (!homeserver.recordsConsent)
    return cancelled('The homeserver leaves its accounts to MAS by now, which records no consent')
  const mended =
    consentVersion !== null &&
    consentVersion !== ticked &&
    (await homeserver.consentProblem(ticked))?.code === 'unknown'
  await homeserver.consent(username, mended ? consentVersion : ticked)
  return DONE
})
