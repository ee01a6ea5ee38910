import { error } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { filterWishes, historyFilterSchema, linkWishes, openingFilter } from '$lib/moderation/history'
import { attempt } from '$lib/server/trpc/attempt'
import type { PageServerLoad } from './$types'

const cursorSchema = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^[1-9]\d{0,14}$/),
    v.transform((text) => Number(text)),
  ),
)

export const load: PageServerLoad = async ({ locals, url }) => {
  const asked = v.safeParse(historyFilterSchema, Object.fromEntries(url.searchParams))
  const before = v.safeParse(cursorSchema, url.searchParams.get('before') ?? undefined)
  if (!asked.success || !before.success) error(400, refusalText({ code: 'unreadable' }))
  const filter = openingFilter(asked.output)
  const answer = await attempt(() =>
    locals.api.auditLog.page({
      ...filter,
      ...(before.output === undefined ? {} : { before: before.output }),
    }),
  )
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  return {
    ...answer.value,
    filter,
    query: new URLSearchParams(filterWishes(filter)).toString(),
    /** The same log, for its other pages. */
    pageQuery: new URLSearchParams(linkWishes(filter)).toString(),
    /** The same with what the program did; null: it is shown, or filtered out on purpose. */
    withSystem:
      asked.output.who === undefined && filter.who === 'people'
        ? new URLSearchParams(linkWishes({ ...filter, who: '' })).toString()
        : null,
    isFirst: before.output === undefined,
    people: await locals.api.auditLog.people(),
  }
}
