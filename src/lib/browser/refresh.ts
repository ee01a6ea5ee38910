import { invalidateAll } from '$app/navigation'
import { navigating } from '$app/state'
import { isReachable } from './connection'

/**
 * Reloads all data of the page, after any navigation in progress has finished: in SvelteKit 2.70 an invalidation
 * replaces a navigation, and the click on a link would be lost.
 */
export async function refresh(): Promise<void> {
  let last: Promise<void> | null = null
  while (navigating.complete !== null && navigating.complete !== last) {
    last = navigating.complete
    // A navigation replaced by another one is over, too.
    await last.catch(() => undefined)
  }
  await invalidateAll()
}

/**
 * The same for what nobody pressed, and not while the server cannot be reached: SvelteKit 2.70 leaves the page then for
 * the browser's error page, with all that was typed. It asks each time, as a connection may end right after news of it.
 */
export async function refreshIfReachable(): Promise<void> {
  if (await isReachable()) await refresh()
}
