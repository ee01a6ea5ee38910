import type { Refused } from '$lib/registration/refusal'
import { isDatabaseOutage } from '../database/problem'
import { HomeserverError } from '../homeserver/homeserver'

/** What somebody is told of an outage of homeserver or database, which can be retried; null for anything else. */
export function refusalOfOutage(error: unknown): Refused | null {
  if (isDatabaseOutage(error)) return { ok: false, refusal: { code: 'database_unavailable' } }
  if (!(error instanceof HomeserverError)) return null
  const code = error.permanent ? 'homeserver_refuses' : 'homeserver_unavailable'
  return { ok: false, refusal: { code } }
}
