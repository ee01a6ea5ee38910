import type { RequestEvent } from '@sveltejs/kit'
import type { OwnView } from '$lib/registration/views'
import { begun } from './draft'

/** What this browser has begun: its registration, and a name for which a mail was asked for since; null for none. */
export interface StandingHere {
  own: OwnView | null
  begun: { username: string; email: string } | null
}

/** What the first pages lead to. A registration that was taken back leads nowhere. */
export async function standingHere(
  asked: Pick<RequestEvent, 'cookies' | 'url' | 'locals'>,
): Promise<StandingHere> {
  const found = await asked.locals.api.registration.current()
  const own = found?.state === 'withdrawn' ? null : found
  const draft = begun(asked)
  return { own, begun: draft?.username === own?.username ? null : draft }
}
