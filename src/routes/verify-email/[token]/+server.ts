import { redirect, type RequestHandler } from '@sveltejs/kit'
import { attempt } from '$lib/server/trpc/attempt'

/**
 * The address in emails of the Django program, whose links stay valid after an import. There, one link confirms the
 * email and later shows the registration.
 */
export const GET: RequestHandler<{ token: string }> = async ({ params: { token }, locals: { api } }) => {
  const status = await attempt(() => api.registration.status({ token }))
  redirect(303, `/register/${status.ok ? 'status' : 'verify'}/${encodeURIComponent(token)}`)
}
