import { redirect, type RequestHandler } from '@sveltejs/kit'
import { passedOn } from '$lib/server/http/redirect-path'
import { MOVED } from '../../../../params/moved'

/**
 * Leads from the former address of a page to that of today, with all that stands behind it; a form that was open
 * meanwhile goes there as it is (RFC 9110, 15.4.9).
 */
const lead: RequestHandler<{ old: string }> = ({ params, url }) =>
  redirect(308, url.pathname.replace(`/${params.old}`, `/${MOVED.get(params.old) ?? ''}`) + passedOn(url))

export const GET = lead
export const POST = lead
