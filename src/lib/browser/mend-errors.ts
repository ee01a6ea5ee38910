import { titleWithoutError } from '$lib/text/page-title'

const WRONG = 'main [aria-invalid="true"]'

/** An error goes when its field is changed, in the summary and in the title as well: it was about what was sent. */
export function mendErrors(): void {
  for (const field of document.querySelectorAll<HTMLElement>(WRONG))
    field.addEventListener('input', () => forgetError(field), { once: true })
}

function forgetError(field: HTMLElement): void {
  const error = `${field.id}-error`
  document.getElementById(error)?.remove()
  field.removeAttribute('aria-invalid')
  const others =
    field
      .getAttribute('aria-describedby')
      ?.split(' ')
      .filter((id) => id !== error) ?? []
  if (others.length > 0) field.setAttribute('aria-describedby', others.join(' '))
  else field.removeAttribute('aria-describedby')
  const summary = document.querySelector('[data-error-summary]')
  summary?.querySelector(`a[href="#${field.id}"]`)?.closest('li')?.remove()
  if (summary?.querySelector('li') === null) summary.remove()
  if (document.querySelector(`${WRONG}, main [role="alert"]`) === null)
    document.title = titleWithoutError(document.title)
}
