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

/** The text field that the person is in, until they leave it themselves. */
let field: HTMLElement | null = null

/** Keys by which a person leaves a field. Enter sends the form of a single line. */
const leaves = (key: string, target: HTMLElement): boolean =>
  key === 'Tab' || key === 'Escape' || (key === 'Enter' && target.matches('input'))

/** Tracks which text field is in use, for `onDeskKey`. Returns a function that stops it. */
export function watchFields(): () => void {
  // What was in use when this page was left is of no page that is shown now.
  leaveField()
  const stopped = new AbortController()
  const options = { capture: true, signal: stopped.signal }
  const press = ({ target, isTrusted }: Event) => {
    if (isTrusted) field = isTyping(target) ? target : null
  }
  document.addEventListener('focusin', ({ target }) => (field = isTyping(target) ? target : field), options)
  for (const type of ['pointerdown', 'click']) document.addEventListener(type, press, options)
  document.addEventListener(
    'keydown',
    ({ key, target }) => {
      if (isTyping(target)) field = leaves(key, target) ? null : target
      else if (key === 'Tab') field = null
    },
    options,
  )
  // The person goes out of the page, as to the browser's own search.
  window.addEventListener('blur', leaveField, { signal: stopped.signal })
  return () => stopped.abort()
}

/**
 * The person leaves the field by what no key or press on the page shows, as through the browser's history. `popstate`
 * does not tell that: SvelteKit causes it as well, where a late redirect leads to a place on the page.
 */
export function leaveField(): void {
  field = null
}

/**
 * Single-key shortcuts (WCAG 2.1.4: never while typing or with a modifier, and they can be turned off). Escape leaves a
 * field. Where a field has gone, or lost the focus, under the person's hands, what follows was meant for it, and does
 * nothing until they press or go somewhere, or Escape. A key runs its entry in `actions`, or activates the first element
 * shown with that `aria-keyshortcuts`: fields and details get the focus.
 */
export function onDeskKey(event: KeyboardEvent, actions: Record<string, () => void>): void {
  const { key, target } = event
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  const isLost = field !== null && document.activeElement !== field
  if (isLost && key === 'Escape') field = null
  if (event.repeat && key !== 'j' && key !== 'k') return
  if (document.querySelector('dialog[open]') !== null) return
  if (isTyping(target)) {
    if (key === 'Escape') target.blur()
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
