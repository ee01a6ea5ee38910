import { m } from '$lib/paraglide/messages'
import { REASON_MAXIMUM, REASON_MINIMUM } from '$lib/registration/reason'
import { plainLines, substance, visibleLength } from '$lib/registration/text-length'

/**
 * Counts characters as people see them while the reason is typed; announced when the state changes, not at every
 * letter.
 */
export function countReason(): void {
  const field = document.querySelector<HTMLTextAreaElement>('textarea[data-count]')
  const shown = document.getElementById('reason-count')
  const spoken = document.getElementById('reason-spoken')
  if (field === null || shown === null || spoken === null) return

  const count = () => {
    const text = plainLines(field.value)
    const length = visibleLength(text)
    const missing = REASON_MINIMUM - substance(text)
    const over = length > REASON_MAXIMUM
    const words = over
      ? m.wizard_reason_over({ over: length - REASON_MAXIMUM })
      : missing > 0
        ? m.wizard_reason_missing({ missing })
        : m.wizard_reason_enough({ length, maximum: REASON_MAXIMUM })
    shown.textContent = words
    shown.classList.toggle('over', over)
    const kind = over ? m.wizard_reason_too_long() : missing > 0 ? '' : m.wizard_reason_ok()
    if (spoken.textContent !== kind) spoken.textContent = kind
  }
  field.addEventListener('input', count)
  count()
}
