/** How many may wait: at some 5 ms of work for a page, the last of them is served within two seconds. */
const MOST_WAITING = 250
/** For those who work here (`sessions.isKnown`) there is always room beyond. */
const MOST_WAITING_STAFF = 400
/** So many are let in at each turn: more would hold up timers, fewer the people, while many others are sent away. */
const AT_A_TURN = 3
export type Turnstile = ReturnType<typeof createTurnstile>

/**
 * Lets requests in a few at a time, with a turn of the event loop for each few, so that a crowd does not hold up timers, jobs and
 * each other; and sends away whoever comes when too many wait already, at once and in words rather than by a time-out.
 * Whoever is in, and waits for the homeserver or the disk, takes nobody's turn.
 */
export function createTurnstile({
  mostWaiting = MOST_WAITING,
  mostWaitingStaff = MOST_WAITING_STAFF,
}: { mostWaiting?: number; mostWaitingStaff?: number } = {}) {
  const waiting: (() => void)[] = []
  let turning = false

  function turn(): void {
    for (const next of waiting.splice(0, AT_A_TURN)) next()
    turning = waiting.length > 0
    if (turning) setImmediate(turn)
  }

  return {
    /** Answers true when it is one's turn, and false where one has to come again later. */
    enter(isStaff: boolean): Promise<boolean> {
      if (waiting.length >= (isStaff ? mostWaitingStaff : mostWaiting)) return Promise.resolve(false)
      return new Promise((resolve) => {
        waiting.push(() => resolve(true))
        if (turning) return
        turning = true
        setImmediate(turn)
      })
    },
  }
}
