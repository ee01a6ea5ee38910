/**
 * One call in flight for all concurrent callers: whoever asks during it gets its answer, or what it threw. Nothing is
 * kept afterwards.
 */
export function createShared<K, T>(ask: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const underWay = new Map<K, Promise<T>>()
  return (key) => {
    const before = underWay.get(key)
    if (before !== undefined) return before
    const mine = ask(key).finally(() => underWay.delete(key))
    underWay.set(key, mine)
    return mine
  }
}

/**
 * An answer that is cached for `goodForMs`, and refreshed by one call at a time. If a new one does not arrive within
 * `patienceMs`, or fails, the last one is used; if there is none, its failure is cached for `failedForMs`, so that an
 * unavailable server is not asked again by everybody.
 */
export function createKept<T>({
  ask,
  clock,
  goodForMs,
  failedForMs = 5_000,
  patienceMs = 1_000,
}: {
  ask: () => Promise<T>
  clock: () => number
  goodForMs: number
  failedForMs?: number
  patienceMs?: number
}): () => Promise<T> {
  let kept: { value: T; at: number } | null = null
  let failed: { error: unknown; at: number } | null = null

  const fresh = createShared(async () => {
    try {
      const value = await ask()
      kept = { value, at: clock() }
      failed = null
      return value
    } catch (error) {
      failed = { error, at: clock() }
      throw error
    }
  })

  /** The new answer, unless it is late or fails. */
  async function orLast(last: T): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => resolve(last), patienceMs)
    })
    try {
      // The reason for the failure is reported by whoever needs more than this from the homeserver.
      return await Promise.race([fresh(undefined).catch(() => last), late])
    } finally {
      clearTimeout(timer)
    }
  }

  return async () => {
    const now = clock()
    if (kept !== null && Math.abs(now - kept.at) < goodForMs) return kept.value
    const isFailed = failed !== null && Math.abs(now - failed.at) < failedForMs
    if (kept !== null) return isFailed ? kept.value : orLast(kept.value)
    if (failed !== null && isFailed) throw failed.error
    return fresh(undefined)
  }
}
