import { error } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { FIGURE_DAYS } from '$lib/moderation/figures'
import { attempt } from '$lib/server/trpc/attempt'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals, url }) => {
  const wish = url.searchParams.get('days')
  const days = FIGURE_DAYS.find((known) => String(known) === (wish ?? '30'))
  if (days === undefined) error(400, refusalText({ code: 'unreadable' }))
  const answer = await attempt(() => locals.api.statistics.get({ days }))
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  return { days, figures: answer.value }
}
