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

/** The items that pass, where a test takes its time: others run in between. */
export async function filterInTurns<T>(items: readonly T[], passes: (item: T) => boolean): Promise<T[]> {
  const turn = yieldToEventLoop()
  const found: T[] = []
  for (const item of items) {
    await turn()
    if (passes(item)) found.push(item)
  }
  return found
}
