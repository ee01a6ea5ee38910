import { m } from '$lib/paraglide/messages'

/** Adds a button to each place for one (`Copy.svelte`), where the page may write to the clipboard. */
export function offerCopy(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-copy]')) addCopyButton(place)
}

/** Adds a button that copies the text of `data-copy`, and says so. Without https there is none: it could not. */
export function addCopyButton(place: HTMLElement): void {
  if (!window.isSecureContext || place.querySelector('button') !== null) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'btn btn-plain btn-sm'
  const said = document.createElement('span')
  said.className = 'sr-only'
  said.setAttribute('role', 'status')
  const show = (copied: boolean) => {
    button.textContent = copied ? m.site_copied() : (place.dataset['copyShown'] ?? m.site_copy())
    said.textContent = copied ? m.site_copied() : ''
  }
  button.setAttribute('aria-label', place.dataset['copyLabel'] ?? m.site_copy())
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(place.dataset['copy'] ?? '').then(
      () => show(true),
      () => show(false),
    )
  })
  button.addEventListener('blur', () => show(false))
  show(false)
  place.append(button, said)
}
