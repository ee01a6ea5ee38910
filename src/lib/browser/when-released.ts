let pressed = false
const waiting = new Map<Element, () => void>()

/** Knows from now on whether a mouse button or a finger is down on the page. Answers how to stop. */
export function watchPresses(): () => void {
  const stopped = new AbortController()
  const options = { capture: true, signal: stopped.signal }
  document.addEventListener('pointerdown', () => (pressed = true), options)
  // After the click that a release is.
  for (const type of ['pointerup', 'pointercancel'])
    document.addEventListener(type, () => setTimeout(release), options)
  window.addEventListener('blur', release, { signal: stopped.signal })
  return () => stopped.abort()
}

/**
 * Changes what stands at `place` now, or as soon as nobody presses on the page: what moves away under a press is not
 * clicked, and the press would be lost. Of several changes of one place the last one counts.
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
