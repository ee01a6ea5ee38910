import type { Logger } from 'pino'
import type { Database } from '../database/open'
import { addTallies } from '../database/tallies'

export type TallyCounter = ReturnType<typeof createTallyCounter>

const FLUSH_MS = 60_000

/**
 * Counts what is frequent and unimportant individually: page views, refusals. No request waits for it or fails
 * because of it: it counts in memory and writes every minute and at shutdown. A crash loses what came since.
 */
export function createTallyCounter({
  database,
  clock,
  log,
}: {
  database: Database
  clock: () => number
  log: Logger
}) {
  let counted = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const add = (key: string, count: number) => counted.set(key, (counted.get(key) ?? 0) + count)

  /** Writes the counts; if the database is unavailable, they are kept for the next time. */
  async function flush(): Promise<void> {
    const taken = counted
    if (taken.size === 0) return
    counted = new Map()
    const rows = [...taken].map(([key, count]) => {
      const [day = '', ...what] = key.split(' ')
      return { day, what: what.join(' '), count }
    })
    try {
      await database.write((tx) => addTallies(tx, rows))
    } catch (error) {
      for (const [key, count] of taken) add(key, count)
      log.warn({ err: error }, 'The counters for the statistics could not be stored; this is tried again')
    }
  }

  return {
    /** `what` is one of few: each is one row per day. */
    count(what: string): void {
      add(`${new Date(clock()).toISOString().slice(0, 10)} ${what}`, 1)
    },
    flush,
    start(): void {
      timer ??= setInterval(() => void flush(), FLUSH_MS).unref()
    },
    async stop(): Promise<void> {
      clearInterval(timer)
      await flush()
    },
  }
}
