import { redirect } from '@sveltejs/kit'
import { deskPath } from '../desk-path'
import type { RequestHandler } from './$types'

/** After the right password: to the queue, to the second factor, or back with a message if no cookie came along. */
export const GET: RequestHandler = async ({ locals, url }) => {
  const next = deskPath(url.searchParams.get('next'))
  if (locals.moderator !== null) redirect(303, next)
  const query = `next=${encodeURIComponent(next)}`
  redirect(
    303,
    `/admin/login${(await locals.api.session.isHalfWay()) ? `/code?${query}` : `?no_cookie&${query}`}`,
  )
}
