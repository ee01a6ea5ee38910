import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { readRuleFilter, ruleQuery } from '$lib/moderation/rule-filter'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ url, locals }) => {
  const filter = readRuleFilter(url.searchParams)
  const place = placeIn(url)
  const rules = await locals.api.rules.list({ ...filter, ...place, over: place.over !== undefined })
  return { rules, filter, place, now: Date.now() }
}

/** Which of the two lists is shown (`over`), and from where on, unless from its beginning. */
function placeIn({ searchParams }: URL): { over?: string; before?: string } {
  const before = searchParams.get('before')?.slice(0, 100)
  return { ...(searchParams.has('over') && { over: '' }), ...(before !== undefined && { before }) }
}

export const actions: Actions = {
  /** Posted and kept out of the URL: the value to try can be somebody's address. */
  test: async ({ request, locals }) => {
    const value = textOf(await request.formData(), 'value')
    const answer = await attempt(() => locals.api.rules.test({ value }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), value })
    return { value, tested: answer.value }
  },
  end: async ({ request, locals, url }) => {
    const id = textOf(await request.formData(), 'id')
    const answer = await attempt(() => locals.api.rules.end({ id }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), value: '' })
    const query = ruleQuery(readRuleFilter(url.searchParams), placeIn(url))
    redirect(303, query === '' ? url.pathname : `${url.pathname}?${query}`)
  },
}
