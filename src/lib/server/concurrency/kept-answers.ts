/**
 * Answers by what was asked, each for its time, and no longer if the clock goes back; of more than `most`, the oldest are
 * dropped.
 */
export function createKeptAnswers<K, T>({ clock, most }: { clock: () => number; most: number }) {
  const kept = new Map<K, { answer: T; at: number; goodForMs: number }>()
  return {
    /** The answer, while it is good. */
    get(key: K): { answer: T } | null {
      const found = kept.get(key)
      return found !== undefined && Math.abs(clock() - found.at) < found.goodForMs ? found : null
    },

    /** Keeps an answer for so many milliseconds, and returns it. */
    keep(key: K, answer: T, goodForMs: number): T {
      kept.delete(key)
      kept.set(key, { answer, at: clock(), goodForMs })
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
      return answer
    },

    forget: (key: K): boolean => kept.delete(key),
  }
}
