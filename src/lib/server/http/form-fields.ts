/** The text of a form's field; a missing one, or a file in its place, is empty. The API says what is wrong with it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** What `Entrance.svelte` put into a form. */
export function entryOf(form: FormData): { proof: string; trap: string } {
  return { proof: textOf(form, 'proof'), trap: textOf(form, 'topic') }
}
