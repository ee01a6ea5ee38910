/** What is told once stands in the log again after so long, in milliseconds. */
const EVERY_MS = 60_000
/** So many different things are told apart; the one that was told first is forgotten first. */
const KEPT = 200

/**
 * A rate limit for lines of the log, each thing by itself: so neither does a flood of one fill the log, nor does one go
 * unheard. Answers how many went before it untold, or null where it is told already.
 */
export function createLogRateLimit({ clock }: { clock: () => number }): (thing: string) => number | null {
  const told = new Map<string, { at: number; untold: number }>()
  return (thing) => {
    const before = told.get(thing)
    const now = clock()
    if (before !== undefined && now - before.at < EVERY_MS) {
      before.untold++
      return null
    }
    told.delete(thing)
    told.set(thing, { at: now, untold: 0 })
    const [oldest] = told.keys()
    if (told.size > KEPT && oldest !== undefined) told.delete(oldest)
    return before?.untold ?? 0
  }
}
