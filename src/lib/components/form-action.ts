/** The `action` of a form for a named action of the current page, keeping the page's query. */
export function formAction(url: URL, name: string): string {
  const params = [...url.searchParams].filter(([key]) => !key.startsWith('/') && key !== 'done')
  const query = new URLSearchParams(params).toString()
  return query === '' ? `?/${name}` : `?${query}&/${name}`
}
