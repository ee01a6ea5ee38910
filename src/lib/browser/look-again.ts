import { whenReleased } from './when-released'

const LOOK_AGAIN_MS = 4000

/** If the page waits for a few seconds of work, checks whether it is done, and shows the new page then. */
export function lookAgain(): void {
  if (document.querySelector('[data-look-again]') === null) return
  setTimeout(() => void look(), LOOK_AGAIN_MS)
}

async function look(): Promise<void> {
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (response.ok && !(await response.text()).includes('data-look-again')) {
      whenReleased(document.body, () => location.reload())
      return
    }
  } catch {
    // Briefly offline: the next attempt may get through.
  }
  lookAgain()
}
