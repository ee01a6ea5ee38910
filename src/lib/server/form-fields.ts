/** The text of a form's field; a missing one, or a file in its place, is empty. The API says what is wrong with it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
