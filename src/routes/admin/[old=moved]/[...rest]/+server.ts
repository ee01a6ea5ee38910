import { redirect } from '@sveltejs/kit'
import type { RequestHandler } from './$types'
import { MOVED } from '../../../../params/moved'

/** Leads from the former address of a page to that of today, with all that stands behind it. */
export const GET: RequestHandler = ({ params, url }) =>
  redirect(308, url.pathname.replace(`/${params.old}`, `/${MOVED.get(params.old) ?? ''}`) + url.search)
