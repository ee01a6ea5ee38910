import { redirect } from '@sveltejs/kit'
import { DESK, deskPath } from '../desk-path'
import type { RequestHandler } from './$types'

/** Whether the check of the set-up comes before the queue. A moderator who must set up a second factor does that first. */
const isNew = async ({ api, moderator }: App.Locals): Promise<boolean> =>
  moderator?.mustSetUp !== true && (await api.setUp.isFirst())

/** After signing in: to the queue, to the second factor, or back with a message if no cookie came along. */
export const GET: RequestHandler = async ({ locals, url }) => {
  const next = deskPath(url.searchParams.get('next'))
  if (locals.moderator !== null)
    redirect(303, next === DESK && (await isNew(locals)) ? '/admin/set-up' : next)
  const query = `next=${encodeURIComponent(next)}`
  redirect(
    303,
    `/admin/login${(await locals.api.session.isHalfWay()) ? `/code?${query}` : `?no_cookie&${query}`}`,
  )
}
