import { attempt } from '$lib/server/trpc/attempt'
import { refusalText } from '$lib/text/refusal-text'
import { readPreview } from '../preview-form'
import type { RequestHandler } from './$types'

/** An email has its styles in itself, which no page of ours may; it runs, loads and sends nothing, and links lead nowhere. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"

/** The HTML of the email that a form would send, for a frame of the page; empty if none would be sent. */
export const POST: RequestHandler = async ({ params: { id }, request, locals: { api } }) => {
  const asked = readPreview(await request.formData())
  const answer = await attempt(() => api.replies.preview({ id, ...asked }))
  if (!answer.ok) return new Response(refusalText(answer.refusal), { status: answer.status })
  return new Response(answer.value?.html ?? '', {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-frame-options': 'SAMEORIGIN',
    },
  })
}
