/** Whether the user is typing there, so that letters are just letters. */
function isTyping(target: EventTarget | null): target is HTMLElement {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches(
        'textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])',
      ))
  )
}

/** The text field that was focused or typed in last, until another element was, or a press. */
let field: HTMLElement | null = null

/** Tracks which text field is in use, for `onDeskKey`. Returns a function that stops it. */
export function watchFields(): () => void {
  const stopped = new AbortController()
  const note = ({ target }: Event) => (field = isTyping(target) ? target : null)
  for (const type of ['focusin', 'pointerdown'])
    document.addEventListener(type, note, { capture: true, signal: stopped.signal })
  return () => stopped.abort()
}

/**
 * Single-key shortcuts (WCAG 2.1.4: never while typing or with a modifier, and they can be turned off). Escape leaves a
 * field. Where a field has gone under the person's hands, what follows was meant for it, and does nothing until they press
 * or focus something, or Escape. A key runs its entry in `actions`, or activates the first element shown with that
 * `aria-keyshortcuts`: fields and details get the focus.
 */
export function onDeskKey(event: KeyboardEvent, actions: Record<string, () => void>): void {
  const { key, target } = event
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  const isLost = field?.checkVisibility() === false
  if (isTyping(target)) field = target
  else if (!isLost || key === 'Escape') field = null
  if (event.repeat && key !== 'j' && key !== 'k') return
  if (document.querySelector('dialog[open]') !== null) return
  if (isTyping(target)) {
    if (key === 'Escape') {
      target.blur()
      field = null
    }
    return
  }
  if (isLost) return
  const act = actions[key]
  const named = /^[a-z/]$/.test(key) ? shownFor(key) : null
  if (act === undefined && named === null) return
  event.preventDefault()
  if (act !== undefined) act()
  else if (named !== null) press(named)
}

/** The element on the page for a key, of those that are shown or in folded details that are. */
function shownFor(key: string): HTMLElement | null {
  const named = document.querySelectorAll<HTMLElement>(
    `[aria-keyshortcuts~="${key}"]:not([aria-disabled='true'])`,
  )
  const isShown = (element: HTMLElement) =>
    (element.closest('details:not([open])') ?? element).getClientRects().length > 0
  return [...named].find(isShown) ?? null
}

function press(element: HTMLElement): void {
  const details = element.closest('details')
  // Where there is room, folded details can be shown all the same.
  if (details !== null && !element.checkVisibility()) details.open = true
  if (element.matches('input:not([type=checkbox]), textarea, select')) element.focus()
  else element.click()
}
