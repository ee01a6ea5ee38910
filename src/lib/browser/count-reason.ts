import { m } from '$lib/paraglide/messages'
import { REASON_MAXIMUM, REASON_MINIMUM, visibleLength } from '$lib/registration/reason'

/** Counts the characters that people see while the reason is typed; read out when it changes in kind, not at each letter. */
export function countReason(): void {
  const field = document.querySelector<HTMLTextAreaElement>('textarea[data-count]')
  const shown = document.getElementById('reason-count')
  const spoken = document.getElementById('reason-spoken')
  if (field === null || shown === null || spoken === null) return

  const count = () => {
    const length = visibleLength(field.value.replace(/\r\n?/g, '\n').trim())
    const over = length > REASON_MAXIMUM
    const words = over
      ? m.wizard_reason_over({ over: length - REASON_MAXIMUM })
      : length < REASON_MINIMUM
        ? m.wizard_reason_missing({ missing: REASON_MINIMUM - length })
        : m.wizard_reason_enough({ length, maximum: REASON_MAXIMUM })
    shown.textContent = words
    shown.classList.toggle('over', over)
    const kind = over ? m.wizard_reason_too_long() : length < REASON_MINIMUM ? '' : m.wizard_reason_ok()
    if (spoken.textContent !== kind) spoken.textContent = kind
  }
  field.addEventListener('input', count)
  count()
}
