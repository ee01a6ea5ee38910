import { redirect } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { leadOn } from '../../../going-on'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = async ({ params, url, locals: { api } }) => {
  const link = await attempt(() => api.verification.look(params))
  const own = link.ok && link.value.mine ? link.value.own : null
  redirect(303, leadOn(own, url.pathname.replace(/\/in$/, ''), url))
}
