import { redirect } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { leadOn } from '../../../going-on'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = async ({ params, url, locals: { api } }) => {
  const found = await attempt(() => api.registration.status(params))
  const own = found.ok ? await api.registration.current() : null
  const isMine = found.ok && own?.id === found.value.id
  redirect(303, leadOn(isMine ? own : null, url.pathname.replace(/\/in$/, ''), url))
}
