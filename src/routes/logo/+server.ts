import { error } from '@sveltejs/kit'
import type { RequestHandler } from './$types'

/** The operator's logo, fetched by the server: visitors' browsers connect to this site only. */
export const GET: RequestHandler = async ({ locals }) => {
  const logo = await locals.logo()
  if (logo === null) error(404)
  return new Response(new Uint8Array(logo.bytes), {
    headers: {
      'content-type': logo.type,
      'cache-control': 'public, max-age=3600',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    },
  })
}
