/** The length of one step in which starts are counted. */
export const WAVE_STEP_MS = 10 * 60 * 1000
/** How many steps back are considered: a day. */
export const WAVE_STEPS = 144

/** Up to this many starts in one step are no surge, however quiet it usually is. */
const FEW = 30
const TIMES_USUAL = 5
/** A surge ends only well below where it began, and not before this, so that it does not flap. */
const SHORTEST_MS = 30 * 60 * 1000

/** Far more applicants start than usual. `usual`: starts per step, as before the surge. */
export interface Wave {
  since: number
  usual: number
}

/**
 * Whether a surge is on. `before`: the previous result. `counts`: starts per step up to now, the latest first.
 * "Usual" is the median, so that neither a night nor half a day of a surge changes it; during a surge it is frozen,
 * so that a long one does not become usual.
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
