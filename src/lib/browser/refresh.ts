import { invalidateAll } from '$app/navigation'
import { navigating } from '$app/state'

/**
 * Asks for everything on the page anew, after whoever is on the way to another page has got there: SvelteKit (2.70)
 * lets what is asked for anew take the place of a navigation, and the press on a link would be lost.
 */
export async function refresh(): Promise<void> {
  let last: Promise<void> | null = null
  while (navigating.complete !== null && navigating.complete !== last) {
    last = navigating.complete
    // One that was ended by another one is over, too.
    await last.catch(() => undefined)
  }
  await invalidateAll()
}
