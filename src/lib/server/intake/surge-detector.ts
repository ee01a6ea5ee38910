import type { Logger } from 'pino'
import { WAVE_STEP_MS, WAVE_STEPS, waveAfter, type Wave } from '$lib/moderation/wave'
import { byNetwork, type RateLimiter } from '../rate-limits/rate-limiter'
import { isDatabaseOutage } from '../database/problem'

export type SurgeDetector = ReturnType<typeof createSurgeDetector>

/** How long a result is cached. */
const FRESH_MS = 5_000
const KIND = 'starts'
const EVERYBODY = 'everybody'
/** How many starts of one network count per step: nobody causes a surge alone. */
const OF_ONE_NETWORK = { count: 3, windowMs: WAVE_STEP_MS }
const WITHOUT_END = { count: Infinity, windowMs: WAVE_STEP_MS }

/** Detects a surge of starts. Its counts are in the database, so that all processes see the same. */
export function createSurgeDetector({
  limits,
  clock,
  log,
}: {
  limits: Pick<RateLimiter, 'takeAll' | 'tally'>
  clock: () => number
  log: Logger
}) {
  let wave: Wave | null = null
  let asked: { at: number; answer: Promise<boolean> } | null = null

  async function look(): Promise<boolean> {
    const counts = await limits.tally(KIND, EVERYBODY, WAVE_STEP_MS, WAVE_STEPS)
    const next = waveAfter(wave, counts, clock())
    if ((next === null) !== (wave === null))
      log.info(
        { recent: counts[0], usual: next?.usual },
        next === null ? 'The surge is over' : 'A surge was detected',
      )
    wave = next
    return next !== null
  }

  /** While the database is unavailable, pages still load: submitting their form reports it then. */
  function asBefore(error: unknown): boolean {
    if (!isDatabaseOutage(error)) throw error
    return wave !== null
  }

  return {
    /** Counts a start from this network. */
    async count(clientAddress: string): Promise<void> {
      await limits.takeAll([
        ...byNetwork(KIND, clientAddress, OF_ONE_NETWORK),
        { kind: KIND, subject: EVERYBODY, limit: WITHOUT_END },
      ])
    },

    /** Whether there is a surge now, as far as known; queries the database at most every few seconds. */
    isSeen(): Promise<boolean> {
      const now = clock()
      if (asked === null || Math.abs(now - asked.at) >= FRESH_MS) {
        const answer = look().catch(asBefore)
        asked = { at: now, answer }
      }
      return asked.answer
    },
  }
}
