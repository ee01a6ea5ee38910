import { error, redirect } from '@sveltejs/kit'
import { whereTo } from '$lib/server/http/require-moderator'
import type { LayoutServerLoad } from './$types'

/** Moderation pages require signing in; the API checks again for each call. */
export const load: LayoutServerLoad = ({ locals: { moderator }, url }) => {
  const first = whereTo(url, 'GET', moderator)
  if (first !== null) redirect(303, first)
  return { moderator: moderator ?? error(401) }
}
