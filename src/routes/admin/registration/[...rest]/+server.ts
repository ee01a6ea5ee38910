import { redirect, type RequestHandler } from '@sveltejs/kit'

/** Where moderators of the Django program have their bookmarks. */
export const GET: RequestHandler = () => redirect(308, '/admin')
