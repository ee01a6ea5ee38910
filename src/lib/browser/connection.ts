/** How long the server has to answer that it runs. */
const ANSWER_MS = 5_000

/** What is known of the connection without asking: `lost` until something arrives again. */
export const connection = { lost: false }

/** Whether this service answers now; a proxy that answers in its place (502 to 504) does not count. */
export async function isReachable(): Promise<boolean> {
  if (!navigator.onLine) return false
  try {
    const { status } = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) })
    connection.lost = status >= 500
    return !connection.lost
  } catch {
    connection.lost = true
    return false
  }
}

/** Whether there is reason to ask before another page is loaded. */
export const isDoubtful = (): boolean => !navigator.onLine || connection.lost
