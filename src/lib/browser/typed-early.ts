type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

/**
 * Restores input made before the page's script started: on start, it resets each field to the server's value. Call
 * this before; the returned function restores everything and notifies listeners.
 */
export function keepTypedEarly(): () => void {
  const fields = [...document.querySelectorAll<Field>('main :is(input, textarea, select)')]
  const kept = fields
    .filter((field) => stateOf(field) !== writtenIn(field))
    .map((field) => ({ field, state: stateOf(field) }))
  return () => {
    for (const { field, state } of kept) {
      if (stateOf(field) === state) continue
      if (isTicked(field)) field.checked = state === 'on'
      else field.value = state
      field.dispatchEvent(new Event('input', { bubbles: true }))
    }
  }
}

function isTicked(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio')
}

function stateOf(field: Field): string {
  if (isTicked(field)) return field.checked ? 'on' : 'off'
  return field.value
}

/** The state that the server's HTML gives a field. */
function writtenIn(field: Field): string | undefined {
  if (isTicked(field)) return field.defaultChecked ? 'on' : 'off'
  if (!(field instanceof HTMLSelectElement)) return field.defaultValue
  const options = [...field.options]
  return (options.find((option) => option.defaultSelected) ?? options[0])?.value
}
