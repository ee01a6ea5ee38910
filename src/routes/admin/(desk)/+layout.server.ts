import { error, redirect } from '@sveltejs/kit'
import { whereTo } from '$lib/server/http/require-moderator'
import type { LayoutServerLoad } from './$types'

/** Nobody sees the desk without signing in; the API asks once more for each call. */
export const load: LayoutServerLoad = ({ locals: { moderator }, url }) => {
  const first = whereTo(url, 'GET', moderator)
  if (first !== null) redirect(303, first)
  return { moderator: moderator ?? error(401) }
}
