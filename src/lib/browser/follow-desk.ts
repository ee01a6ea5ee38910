/** Without a message for this long, the connection counts as lost: the server sends a heartbeat every 15 seconds. */
const SILENCE_MS = 40_000
/** How often the page is reloaded while the server cannot push. */
const POLL_MS = 15_000
/** Changes that arrive together count as one. */
const GATHER_MS = 250

/**
 * Calls `refresh` when something in the queue changed: when the server says so, or every 15 seconds if nothing gets
 * through. Pauses while the page is hidden. `look` is the open registration. Returns a function that stops it.
 */
export function followDesk(look: string | null, refresh: () => void): () => void {
  let source: EventSource | null = null
  let heardAt = Date.now()
  let gathering: ReturnType<typeof setTimeout> | undefined

  const gather = () => {
    clearTimeout(gathering)
    gathering = setTimeout(refresh, GATHER_MS)
  }
  const open = () => {
    source?.close()
    source = new EventSource(look === null ? '/admin/live' : `/admin/live?look=${encodeURIComponent(look)}`)
    source.addEventListener('beat', () => (heardAt = Date.now()))
    source.addEventListener('change', () => {
      heardAt = Date.now()
      gather()
    })
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
    if (document.hidden || Date.now() - heardAt < SILENCE_MS) return
    refresh()
    if (source?.readyState === EventSource.CLOSED) open()
  }, POLL_MS)

  document.addEventListener('visibilitychange', seen)
  if (!document.hidden) open()
  return () => {
    document.removeEventListener('visibilitychange', seen)
    clearInterval(watch)
    clearTimeout(gathering)
    close()
  }
}
