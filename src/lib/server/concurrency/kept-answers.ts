/**
 * Answers by what was asked, each until its time (milliseconds since 1970); of more than `most`, the oldest are dropped.
 */
export function createKeptAnswers<K, T>({ clock, most }: { clock: () => number; most: number }) {
  const kept = new Map<K, { answer: T; until: number }>()
  return {
    /** The answer, while it is good. */
    get(key: K): { answer: T } | null {
      const found = kept.get(key)
      return found !== undefined && found.until > clock() ? found : null
    },

    /** Keeps and returns an answer. */
    keep(key: K, answer: T, goodForMs: number): T {
      kept.delete(key)
      kept.set(key, { answer, until: clock() + goodForMs })
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
      return answer
    },

    forget: (key: K): boolean => kept.delete(key),
  }
}
