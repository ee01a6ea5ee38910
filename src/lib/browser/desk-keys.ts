/** Whether the user is typing there, so that letters are just letters. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches(
        'textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])',
      ))
  )
}

/**
 * Single-key shortcuts (WCAG 2.1.4: never while typing or with a modifier, and they can be turned off). Escape leaves a
 * field. A key runs
 * its entry in `actions`, or activates the first element shown with that `aria-keyshortcuts`: fields and details get the focus.
 */
export function onDeskKey(event: KeyboardEvent, actions: Record<string, () => void>): void {
  const { key, target } = event
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.repeat && key !== 'j' && key !== 'k') return
  if (document.querySelector('dialog[open]') !== null) return
  if (isTyping(target)) {
    if (key === 'Escape' && target instanceof HTMLElement) target.blur()
    return
  }
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
