import { redirect, type RequestHandler } from '@sveltejs/kit'

/**
 * The address in emails of the Django program, whose links stay valid after an import. There, one link confirms the
 * email and later shows the registration.
 */
export const GET: RequestHandler<{ token: string }> = async ({ params: { token }, locals: { api } }) => {
  const kind = (await api.registration.isStatusLink({ token })) ? 'status' : 'verify'
  redirect(303, `/register/${kind}/${encodeURIComponent(token)}`)
}
