import type { OwnView } from '$lib/registration/views'

/** The registration of this browser that the first pages lead to; one that was taken back leads nowhere. */
export async function standingHere(api: App.Locals['api']): Promise<OwnView | null> {
  const own = await api.registration.current()
  return own?.state === 'withdrawn' ? null : own
}
