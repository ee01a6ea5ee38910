import { randomUUID } from 'node:crypto'
import type { RequestHandler } from './$types'

/** The interval of heartbeats, at which the session is checked again. */
const BEAT_MS = 15_000

/**
 * Tells a moderator's browser that something changed (server-sent events, HTML 9.2), with the revision since; the page
 * then queries what it was. Each heartbeat, the first at once, says the revision, too: a page that shows another one
 * has missed a change while it was not connected. While the connection is open, its moderator counts as viewing the
 * registration `look`, in place of the load of its `page`.
 */
export const GET: RequestHandler = ({ locals: { api, context, moderator }, url }) => {
  if (moderator === null) return new Response(null, { status: 401 })
  if (moderator.mustSetUp === true) return new Response(null, { status: 403 })
  const { id } = moderator
  const { live, sessions } = context.services
  const cookie = context.cookies.get(sessions.cookieName)
  const look = url.searchParams.get('look')
  const page = url.searchParams.get('page') ?? undefined
  const stream = randomUUID()
  let end = () => {}

  const said = new ReadableStream<string>({
    start(controller) {
      const say = (event: string, revision: string) =>
        controller.enqueue(`event: ${event}\ndata: ${revision}\n\n`)
      const unlisten = live.listen(id, (revision) => say('change', revision))
      const forget = live.keepOpen(() => end())
      const beat = setInterval(() => void check().catch(() => end()), BEAT_MS)
      let ended = false
      async function check(): Promise<void> {
        const still = await sessions.look(cookie)
        if (still === null || still.moderator.mustSetUp === true) return end()
        if (ended) return
        if (look !== null) await api.moderation.look({ id: look, page, stream })
        const revision = await live.revision(id)
        if (!ended) say('beat', revision)
      }
      end = () => {
        if (ended) return
        ended = true
        unlisten()
        forget()
        clearInterval(beat)
        // Expires by itself after a while if the database is unavailable now.
        if (look !== null) void api.moderation.look({ id: null, stream }).catch(() => {})
        try {
          controller.close()
        } catch {
          // The browser has closed it already.
        }
      }
      void check().catch(() => end())
    },
    cancel: () => end(),
  })
  return new Response(said.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
}
