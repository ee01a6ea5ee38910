import { error } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { filterWishes, historyFilterSchema } from '$lib/moderation/history'
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
  const filter = v.safeParse(historyFilterSchema, Object.fromEntries(url.searchParams))
  const before = v.safeParse(cursorSchema, url.searchParams.get('before') ?? undefined)
  if (!filter.success || !before.success) error(400, refusalText({ code: 'unreadable' }))
  const answer = await attempt(() =>
    locals.api.auditLog.page({
      ...filter.output,
      ...(before.output === undefined ? {} : { before: before.output }),
    }),
  )
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  return {
    ...answer.value,
    filter: filter.output,
    query: new URLSearchParams(filterWishes(filter.output)).toString(),
    isFirst: before.output === undefined,
    people: await locals.api.auditLog.people(),
  }
}
