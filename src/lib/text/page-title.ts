import { m } from '$lib/paraglide/messages'

/** The title of a page; an error comes first, because a screen reader reads the title first. */
export const pageTitle = (title: string, isWrong: boolean): string =>
  isWrong ? m.problems_page_title({ title }) : title

/** Stands for the title in the words around it. */
const TITLE = '\0'

/** The same without the error, whatever follows it; as it is if there is none. */
export function titleWithoutError(title: string): string {
  const [before = '', after = ''] = m.problems_page_title({ title: TITLE }).split(TITLE)
  if (!title.startsWith(before)) return title
  // Some languages close what they open before the title.
  const rest = title.slice(before.length)
  const end = rest.indexOf(after)
  return end === -1 ? rest : rest.slice(0, end) + rest.slice(end + after.length)
}
