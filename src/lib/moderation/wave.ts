/** How long one of the steps is that starts are counted in. */
export const WAVE_STEP_MS = 10 * 60 * 1000
/** So many steps are looked back: a day. */
export const WAVE_STEPS = 144

/** More starts than this in one step are no wave by themselves, however quiet it is usually. */
const FEW = 30
const TIMES_USUAL = 5
/** A wave is over only well below where it began, and not before this: else it would come and go. */
const SHORTEST_MS = 30 * 60 * 1000

/** Far more people begin than usual. `usual`: starts in a step, as it was before the wave. */
export interface Wave {
  since: number
  usual: number
}

/**
 * Whether a wave runs now. `before`: what was answered last. `counts`: starts in each step up to now, the newest
 * first. What is usual is the median, so that neither a night nor half a day of a wave changes it; while a wave runs
 * it stays what it was, so that a long one does not become the usual.
 */
export function waveAfter(before: Wave | null, counts: number[], now: number): Wave | null {
  const [recent = 0, ...earlier] = counts
  if (before === null) {
    const usual = median(earlier)
    return recent > threshold(usual) ? { since: now, usual } : null
  }
  const over = recent < threshold(before.usual) / 2 && now - before.since >= SHORTEST_MS
  return over ? null : before
}

const threshold = (usual: number): number => Math.max(FEW, TIMES_USUAL * usual)

function median(counts: number[]): number {
  return counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0
}
