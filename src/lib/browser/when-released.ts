let pressed = false
const waiting = new Map<Element, () => void>()

/** Tracks whether a mouse button or a finger is down on the page. Returns a function that stops it. */
export function watchPresses(): () => void {
  const stopped = new AbortController()
  const options = { capture: true, signal: stopped.signal }
  document.addEventListener('pointerdown', () => (pressed = true), options)
  // After the click that follows the release.
  for (const type of ['pointerup', 'pointercancel'])
    document.addEventListener(type, () => setTimeout(release), options)
  window.addEventListener('blur', release, { signal: stopped.signal })
  return () => stopped.abort()
}

/**
 * Applies a change at `place` now, or as soon as nothing is pressed: an element that moves during a press is not
 * clicked, and the press would be lost. Of several changes at one place, the last one wins.
 */
export function whenReleased(place: Element, change: () => void): void {
  if (pressed) waiting.set(place, change)
  else change()
}

function release(): void {
  pressed = false
  const changes = [...waiting.values()]
  waiting.clear()
  for (const change of changes) change()
}
