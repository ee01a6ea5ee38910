/** The `action` of a form that leads to a named action of the page it stands on, with the query of the page kept. */
export function formAction(url: URL, name: string): string {
  const params = [...url.searchParams].filter(([key]) => !key.startsWith('/') && key !== 'done')
  const query = new URLSearchParams(params).toString()
  return query === '' ? `?/${name}` : `?${query}&/${name}`
}
