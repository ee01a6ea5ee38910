import { error } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/components/refusal-text'
import { historyFilterSchema } from '$lib/moderation/history'
import { attempt } from '$lib/server/trpc/attempt'
import type { RequestHandler } from './$types'
import { FORMATS } from './formats'

const wishSchema = v.object({ ...historyFilterSchema.entries, format: v.picklist(['csv', 'json']) })

/**
 * The audit log as a file, for administrators. It is made a slice at a time, as fast as it is fetched: neither the
 * whole nor a transaction is held for a slow reader. What ends early is cut off, and is seen to be: the answer breaks
 * off, and JSON is not closed.
 */
export const GET: RequestHandler = async ({ locals, url }) => {
  if (locals.moderator === null) error(401, refusalText({ code: 'not_signed_in' }))
  const wish = v.safeParse(wishSchema, Object.fromEntries(url.searchParams))
  if (!wish.success) error(400, refusalText({ code: 'unreadable' }))
  const { format, ...filter } = wish.output
  const begun = await attempt(() => locals.api.history.beginExport({ ...filter, format }))
  if (!begun.ok) error(begun.status, refusalText(begun.refusal))
  const { type, head, line, between, foot } = FORMATS[format]
  let before: number | null = begun.value.before
  let parts = 0
  const text = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Others have a turn between two slices, as reading one holds the process.
      await new Promise(setImmediate)
      if (before === null) {
        controller.enqueue(text.encode(foot))
        controller.close()
        return
      }
      const { events, next } = await locals.api.history.slice({ ...filter, before })
      before = next
      const lines = events.map(line).join(between)
      const start = parts++ === 0 ? head : lines === '' ? '' : between
      controller.enqueue(text.encode(start + lines))
    },
  })
  const name = `history-${new Date().toISOString().slice(0, 10)}.${format}`
  return new Response(stream, {
    headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` },
  })
}
