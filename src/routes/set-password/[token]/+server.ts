import { redirect, type RequestHandler } from '@sveltejs/kit'

/** The address in emails of the Django program, whose links stay valid after an import. */
export const GET: RequestHandler<{ token: string }> = ({ params }) =>
  redirect(303, `/register/status/${encodeURIComponent(params.token)}`)
