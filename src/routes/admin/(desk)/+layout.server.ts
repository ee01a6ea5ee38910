import { error, redirect } from '@sveltejs/kit'
import { whereTo } from '$lib/server/http/require-moderator'
import type { LayoutServerLoad } from './$types'

/** Moderation pages require signing in; the API checks again for each call. */
export const load: LayoutServerLoad = async ({ locals: { moderator, api }, url }) => {
  const first = whereTo(url, 'GET', moderator)
  if (first !== null) redirect(303, first)
  if (moderator === null) error(401)
  // Until a second factor is set up, no other call is answered.
  return { moderator, pending: moderator.mustSetUp === true ? [] : await api.moderation.pending() }
}
