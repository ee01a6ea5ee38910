/** A line that was logged is logged again after this long, in milliseconds. */
const EVERY_MS = 60_000
/** How many different lines are tracked; the oldest is dropped first. */
const KEPT = 200

/**
 * A rate limit for log lines, per line: a flood of one kind does not fill the log, and none goes unnoticed. Returns
 * how many were suppressed since the last, or null if it was logged recently.
 */
export function createLogRateLimit({ clock }: { clock: () => number }): (thing: string) => number | null {
  const told = new Map<string, { at: number; untold: number }>()
  return (thing) => {
    const before = told.get(thing)
    const now = clock()
    if (before !== undefined && Math.abs(now - before.at) < EVERY_MS) {
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

/** Warnings, each reason and text at most once a minute, with how many were suppressed since (`repeated`). */
export function rateLimitedWarnings<F extends { reason: string }>({
  log,
  clock,
}: {
  log: { warn(facts: F & { repeated?: number }, words: string): void }
  clock: () => number
}): { warn(facts: F, words: string): void } {
  const untoldOf = createLogRateLimit({ clock })
  return {
    warn(facts, words) {
      const repeated = untoldOf(`${words} ${facts.reason}`)
      if (repeated !== null) log.warn({ ...facts, ...(repeated === 0 ? {} : { repeated }) }, words)
    },
  }
}
