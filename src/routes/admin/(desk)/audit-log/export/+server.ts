import { error } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { historyFilterSchema } from '$lib/moderation/history'
import { dated, download } from '$lib/server/http/download'
import { attempt } from '$lib/server/trpc/attempt'
import type { RequestHandler } from './$types'
import { FORMATS } from './formats'

const wishSchema = v.object({ ...historyFilterSchema.entries, format: v.picklist(['csv', 'json']) })

/** The audit log as a file, for those with the permission. JSON that was cut off is left unclosed. */
export const GET: RequestHandler = async ({ locals: { api, moderator }, url }) => {
  if (moderator === null) error(401, refusalText({ code: 'not_signed_in' }))
  const wish = v.safeParse(wishSchema, Object.fromEntries(url.searchParams))
  if (!wish.success) error(400, refusalText({ code: 'unreadable' }))
  const { format, ...filter } = wish.output
  const begun = await attempt(() => api.auditLog.beginExport({ ...filter, format }))
  if (!begun.ok) error(begun.status, refusalText(begun.refusal))
  const { type, head, line, between, foot } = FORMATS[format]
  async function* parts(from: number): AsyncGenerator<string> {
    let start = head
    for (let before: number | null = from; before !== null;) {
      const { events, next } = await api.auditLog.slice({ ...filter, before })
      if (events.length > 0 || start === head) yield start + events.map(line).join(between)
      start = between
      before = next
    }
    yield foot
  }
  return download(dated('history', format), type, parts(begun.value.before))
}
