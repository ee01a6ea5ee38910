/** The text of a form field; a missing one, or a file instead, is empty. The API says what is wrong with it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** The hidden fields from `Entrance.svelte`. */
export function entryOf(form: FormData): { proof: string; trap: string } {
  return { proof: textOf(form, 'proof'), trap: textOf(form, 'topic') }
}
