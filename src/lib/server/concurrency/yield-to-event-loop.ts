/** Maximum time without yielding to the event loop. */
const TURN_MS = 20

/** Await this inside long loops; it yields to the event loop once the time is up. */
export function yieldToEventLoop(): () => Promise<void> {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < TURN_MS) return
    await new Promise(setImmediate)
    begun = performance.now()
  }
}
