import { trpc } from '$lib/trpc'
import { connection } from './connection'

/** Without a message for this long, the connection counts as lost: the server sends a heartbeat every 15 seconds. */
const SILENCE_MS = 40_000
/** How often the page is reloaded while the server cannot push. */
const POLL_MS = 15_000
/** Changes that arrive together count as one. */
const GATHER_MS = 250

/** The open registration, and the load of the page that shows it. */
export interface Look {
  id: string
  page: string
}

/**
 * Calls `refresh` when something in the queue changed: when the server says a revision that is not `isShown`, also of
 * what changed while there was no connection, or every 15 seconds if nothing is pushed, reachable or not. Pauses while
 * the page is hidden. Tells the server what is open (`look`) by the same way. Returns a function that stops it.
 */
export function followDesk(
  look: Look | null,
  isShown: (revision: string) => boolean,
  refresh: () => void,
): () => void {
  const query = look === null ? '' : `?${String(new URLSearchParams({ look: look.id, page: look.page }))}`
  let source: EventSource | null = null
  let heardAt = Date.now()
  let told = false
  let gathering: ReturnType<typeof setTimeout> | undefined

  const gather = () => {
    clearTimeout(gathering)
    gathering = setTimeout(refresh, GATHER_MS)
  }
  /** What the connection would tell. */
  const tell = (id: string | null) => {
    if (look === null) return
    told = id !== null
    // Told again with the next poll; what nobody tells any more expires on the server.
    void trpc.moderation.look.mutate({ id, page: look.page }).catch(() => undefined)
  }
  const open = () => {
    source?.close()
    source = new EventSource(`/admin/live${query}`)
    const heard = ({ data }: MessageEvent<string>) => {
      heardAt = Date.now()
      connection.lost = false
      if (!isShown(data)) gather()
    }
    source.addEventListener('beat', heard)
    source.addEventListener('change', heard)
    source.addEventListener('error', () => (connection.lost = true))
  }
  const close = () => {
    source?.close()
    source = null
  }
  const seen = () => {
    if (document.hidden) return close()
    gather()
    open()
  }
  const watch = setInterval(() => {
    if (document.hidden) return
    const isSilent = Date.now() - heardAt >= SILENCE_MS
    if (connection.lost || isSilent) tell(look?.id ?? null)
    if (!isSilent) return
    gather()
    if (source?.readyState === EventSource.CLOSED) open()
  }, POLL_MS)

  document.addEventListener('visibilitychange', seen)
  if (!document.hidden) open()
  return () => {
    document.removeEventListener('visibilitychange', seen)
    clearInterval(watch)
    clearTimeout(gathering)
    close()
    if (told) tell(null)
  }
}
