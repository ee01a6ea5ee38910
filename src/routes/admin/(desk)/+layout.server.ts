import { redirect } from '@sveltejs/kit'
import type { LayoutServerLoad } from './$types'

/** Nobody sees the desk without signing in; the API asks once more for each call. */
export const load: LayoutServerLoad = ({ locals, url }) => {
  if (locals.moderator === null)
    redirect(303, `/admin/login?next=${encodeURIComponent(url.pathname + url.search)}`)
  return { moderator: locals.moderator }
}
