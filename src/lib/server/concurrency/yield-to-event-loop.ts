/** So long the event loop is held in one go. */
const TURN_MS = 20

/** For work that takes long in one piece: awaited now and then in it, this gives others a turn when it is their time. */
export function takingTurns(): () => Promise<void> {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < TURN_MS) return
    await new Promise(setImmediate)
    begun = performance.now()
  }
}
