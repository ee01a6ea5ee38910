/** How many may wait: at some 5 ms of work per page, the last of them is served within two seconds. */
const MOST_WAITING = 250
/** Moderators (`sessions.isKnown`) get a higher limit. */
const MOST_WAITING_STAFF = 400
/**
 * How many are admitted per turn: more would delay timers, fewer would delay visitors while many others are turned
 * away.
 */
const AT_A_TURN = 3
/**
 * Admission control: lets requests in a few at a time, with a turn of the event loop in between, so that a crowd does
 * not delay timers, jobs and each other; and turns away requests when too many are waiting already, at once and with
 * a readable page instead of a time-out. Requests waiting for the homeserver or the disk take nobody's turn.
 */
export function createAdmissionControl({
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
    /** Returns true when it is one's turn, and false if one must try again later. */
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
