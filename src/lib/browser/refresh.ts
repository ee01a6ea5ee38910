import { invalidateAll } from '$app/navigation'
import { navigating } from '$app/state'

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
