import type { RequestEvent } from '@sveltejs/kit'
import type { OwnView } from '$lib/registration/views'
import { begun } from './draft'

/**
 * What this browser has started: its registration, and a username for which an email was requested since; null for
 * none.
 */
export interface StandingHere {
  own: OwnView | null
  begun: { username: string; email: string } | null
  /** It was denied, and nothing was started since: what is started next need be nobody else's. */
  denied: boolean
}

/** Where the first pages lead. A withdrawn registration leads nowhere. */
export async function standingHere(
  asked: Pick<RequestEvent, 'cookies' | 'url' | 'locals'>,
): Promise<StandingHere> {
  const found = await asked.locals.api.registration.current()
  const own = found?.state === 'withdrawn' ? null : found
  const draft = begun(asked)
  const isOver = own?.state === 'denied'
  const since = draft?.username === own?.username && !isOver ? null : draft
  return { own, begun: since, denied: isOver && since === null }
}
