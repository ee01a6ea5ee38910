import { redirect } from '@sveltejs/kit'
import type { LayoutServerLoad } from './$types'

/** Nobody sees the desk without signing in; the API asks once more for each call. */
export const load: LayoutServerLoad = ({ locals, url }) => {
  if (locals.moderator === null)
    redirect(303, `/admin/login?next=${encodeURIComponent(url.pathname + url.search)}`)
  if (locals.moderator.mustSetUp === true && url.pathname !== '/admin/account')
    redirect(303, '/admin/account')
  return { moderator: locals.moderator }
}
