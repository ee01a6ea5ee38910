import { redirect } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'
import { leadOn } from '../../../going-on'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = async ({ params, locals: { api } }) => {
  const link = await attempt(() => api.verification.look(params))
  redirect(
    303,
    leadOn(link.ok && link.value.mine ? link.value.own : null, `/register/verify/${params.token}`),
  )
}
